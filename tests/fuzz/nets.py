"""Random small mappings for samples of a shape, some with a number that does not fit."""

from random import Random
from typing import Any

Layer = dict[str, Any]
FIT = 0.99
"""How likely it is that a size fits."""


def linear(size: int, to: int, **others: Any) -> Layer:
    return {"type": "Linear", "in_features": size, "out_features": to, **others}


def nearly(random: Random, size: int) -> int:
    """Return a size, seldom another one."""
    return size if random.random() < FIT else size + random.choice([-1, 1, size])


def between(random: Random, size: int) -> list[Layer]:
    """Return layers that keep the size, or seldom do not."""
    choice = random.choice
    layers = [{"type": choice(["ReLU", "Tanh", "GELU", "Sigmoid"])}]
    if random.random() < 0.2:
        layers.append({"type": "BatchNorm1d", "num_features": nearly(random, size)})
    if random.random() < 0.15:
        layers.append({"type": "Dropout", "p": 0.3})
    if random.random() < 0.1:
        layers.append({"type": "LayerNorm", "normalized_shape": [nearly(random, size)]})
    return layers


def encoder(random: Random, shape: tuple[int, ...], code: int) -> list[Layer]:
    """Return layers from samples to codes (n, code)."""
    if len(shape) == 3 and random.random() < 0.4:
        return _convolutions(random, shape, code)
    size = 1
    for side in shape:
        size *= side
    hidden = random.choice([3, 8, 12])
    flatten = [{"type": "Flatten", "name": "flatten"}]
    keeps_shape = len(shape) == 1 or random.random() < 0.03
    first = linear(nearly(random, size), hidden, name="outer")
    if random.random() < 0.05:
        first = {"type": "LazyLinear", "out_features": hidden, "name": "outer"}
    return [
        *([] if keeps_shape and random.random() < 0.5 else flatten),
        first,
        *_named(between(random, hidden), "activation"),
        linear(nearly(random, hidden), code, name="inner"),
    ]


def decoder(random: Random, shape: tuple[int, ...], code: int) -> list[Layer]:
    """Return layers from codes to reconstructions."""
    size = 1
    for side in shape:
        size *= side
    hidden = random.choice([3, 8, 12])
    layers = [
        linear(nearly(random, code), hidden, name="inner"),
        *_named(between(random, hidden), "activation"),
        linear(nearly(random, hidden), nearly(random, size), name="outer"),
    ]
    if random.random() < 0.5:
        layers.append({"type": "Unflatten", "dim": 1, "unflattened_size": list(shape)})
    if random.random() < 0.2:
        layers.append({"type": "Sigmoid"})
    return layers


def sigmoids(inputs: int, code: int) -> list[Layer]:
    """Return a stack of binary units."""
    layers: list[Layer] = [{"type": "Flatten"}]
    for name, before, after in (("inner", inputs, 4), ("outer", 4, code)):
        sizes = {"in_features": before, "out_features": after}
        layers += [{"type": "Linear", "name": name, **sizes}, {"type": "Sigmoid"}]
    return layers


def head(random: Random, size: int, to: int, last: str | None = None) -> list[Layer]:
    layers = [linear(nearly(random, size), 6), {"type": "ReLU"}, linear(6, nearly(random, to))]
    return [
        *layers,
        *([{"type": last, **({"dim": 1} if last == "Softmax" else {})}] if last else []),
    ]


def _convolutions(random: Random, shape: tuple[int, ...], code: int) -> list[Layer]:
    kernel, stride = random.choice([2, 3]), random.choice([1, 2])
    channels, height, width = shape
    padding = random.choice([0, 1])
    sides = [(side + 2 * padding - kernel) // stride + 1 for side in (height, width)]
    convolution = {
        "type": "Conv2d",
        "in_channels": nearly(random, channels),
        "out_channels": 4,
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
    }
    inner = [{"type": "ReLU"}]
    if random.random() < 0.3:
        inner.append({"type": "BatchNorm2d", "num_features": nearly(random, 4)})
    if random.random() < 0.3:
        inner.append({"type": "AdaptiveAvgPool2d", "output_size": 2})
        sides = [2, 2]
    return [
        {"type": "Sequential", "name": "outer", "positional_arguments": [convolution, *inner]},
        {"type": "Flatten", "name": "activation"},
        linear(nearly(random, 4 * sides[0] * sides[1]), code, name="inner"),
    ]


def _named(layers: list[Layer], name: str) -> list[Layer]:
    return [{**layers[0], "name": name}, *layers[1:]]
