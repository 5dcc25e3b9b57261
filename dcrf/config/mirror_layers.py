"""The mirror of a stack of layers: what a decoder needs to undo an encoder.

The layers that change a shape are undone in reversed order. Those that keep it, such as
activations, stand in the mirror where a tensor has the shape that they have in the stack. None of
them stands after the mirror of the first layer with weights, so that the output has no activation;
those after the last layer that changes the shape have no counterpart.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import count
from types import MappingProxyType
from typing import Any

from dcrf.config.rules.torch_signatures import POSITIONAL, named_arguments, undoing_layers
from dcrf.config.safe_lookup import Entry, objects

Shape = tuple[int, ...] | None
"""Of a sample, without its batch axis; None if it is unknown."""
Arguments = Mapping[str, Any]

_NAMES = """
AlphaDropout BatchNorm1d BatchNorm2d BatchNorm3d CELU Dropout Dropout1d Dropout2d Dropout3d ELU
FeatureAlphaDropout GELU GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh Identity
InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm LeakyReLU LogSigmoid LogSoftmax Mish PReLU
RMSNorm RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softplus Softshrink Softsign Tanh Tanhshrink
Threshold
"""
KEEP_SHAPE = frozenset(_NAMES.split())
"""Layers whose output has the shape of their input."""
_SHAPES = MappingProxyType({1: "length", 2: "height, width", 3: "depth, height, width"})


class NotMirroredError(Exception):
    """A layer has no mirror. Its arguments are the reason and the remedy."""


class UnknownShapeError(NotMirroredError):
    """The mirror of a layer depends on the shape of its input, which is unknown."""

    def __init__(self) -> None:
        super().__init__(
            "the size of its input is not in the layers",
            'write the shape of a sample here, such as "sample_shape": [1, 28, 28]',
        )


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer in its stack.

    path: its JSON path.
    entry: as in the file.
    shape: of its input.
    reference: the name by which a layer of another mapping refers to it.
    unpooling: the layer that undoes pools, where it can; None for the first one that can.
    """

    path: str
    entry: dict[str, Any]
    shape: Shape = None
    reference: str = ""
    unpooling: str | None = None

    @property
    def kind(self) -> str:
        """The class of the layer."""
        return self.entry["type"]

    @property
    def arguments(self) -> Arguments:
        """The arguments by name, with integers, also those that the file has by position."""
        return named_arguments("layers", self.entry)

    def numbers(self, argument: str, default: Any, axes: int) -> tuple[int, ...]:
        """Return an argument, such as the kernel size, along each axis."""
        value = self.arguments.get(argument)
        value = default if value is None else value
        values = value if isinstance(value, list | tuple) else [value] * axes
        if len(values) != axes or not all(type(number) is int for number in values):
            raise NotMirroredError(f"{argument!r} is not one integer or {axes} of them", "write so")
        return tuple(values)

    def sizes(self, axes: int) -> tuple[int, ...] | None:
        """Return the sizes of the input along its last axes, None if they are unknown."""
        if self.shape is not None and len(self.shape) != axes + 1:
            reason = f"it takes samples of shape (channels, {_SHAPES[axes]}), not {self.shape}"
            raise NotMirroredError(reason, "write the right sample_shape")
        return None if self.shape is None else self.shape[1:]

    def mirrored(self, kind: str, arguments: Arguments) -> dict[str, Any]:
        """Return the entry of the mirror, which has the name of the layer."""
        name = {"name": self.entry["name"]} if "name" in self.entry else {}
        return {"type": kind, **name, **arguments}


Mirrored = tuple[dict[str, Any], Shape]
"""The entry of the mirror, and the shape of the output of the layer itself."""


def mirror(
    stack: Sequence[Entry], mapping: str, sample_shape: Shape, unpooling: str | None
) -> tuple[list[dict[str, Any]], list[tuple[Layer, NotMirroredError]]]:
    """Return the layers of the mirror, and the layers without one, each with its error.

    Args:
        stack: valid layers with their JSON paths. Pools without a name get one, in place.
        mapping: the name of their mapping.
        sample_shape: the shape of a sample, as the first layer gets it.
        unpooling: the layer that undoes pools, where it can; None for the first one that can.
    """
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    errors: list[tuple[Layer, NotMirroredError]] = []
    first_weights, shape = None, sample_shape
    layers = list(_flat(stack))
    _name_pools([layer.entry for layer in layers])
    for each in layers:
        reference = f"{mapping}.{each.entry.get('name')}"
        layer = replace(each, shape=shape, reference=reference, unpooling=unpooling)
        if layer.kind in KEEP_SHAPE:
            if blocks:
                blocks[-1][1].append(deepcopy(layer.entry))
            continue
        try:
            entry, shape = _mirrored(layer)
        except NotMirroredError as error:
            shape = None
            if not isinstance(error, UnknownShapeError) or not errors:
                errors.append((layer, error))
            continue
        if first_weights is None and layer.kind in _WITH_WEIGHTS:
            first_weights = len(blocks)
        blocks.append((entry, []))
    return _reversed(blocks, first_weights or 0), errors


def _reversed(
    blocks: Sequence[tuple[dict[str, Any], list[dict[str, Any]]]], first_weights: int
) -> list[dict[str, Any]]:
    """Return the mirrors in reversed order, each after the layers that follow it in the stack."""
    layers: list[dict[str, Any]] = []
    for index, (entry, kept) in reversed([*enumerate(blocks)]):
        is_inner = first_weights <= index < len(blocks) - 1
        layers += [*(kept if is_inner else ()), entry]
    return layers


def _flat(stack: Sequence[Entry]) -> Iterator[Layer]:
    """Yield the layers in the order in which they run, those inside of Sequential as well."""
    for path, entry in stack:
        if entry["type"] == "Sequential":
            yield from _flat(objects(entry, POSITIONAL, path))
        else:
            yield Layer(path, entry)


def _name_pools(entries: Sequence[dict[str, Any]]) -> None:
    taken = {entry.get("name") for entry in entries}
    free = (name for number in count(1) if (name := f"pool_{number}") not in taken)
    for entry in entries:
        if undoing_layers(entry["type"]) and "name" not in entry:
            entry["name"] = next(free)


def _mirrored(layer: Layer) -> Mirrored:
    if layer.kind in _MIRRORS:
        return _MIRRORS[layer.kind](layer)
    if undoing_layers(layer.kind):
        return _unpooling(layer)
    raise NotMirroredError(
        "a layer of this type has no mirror",
        f"those that have are {', '.join(_MIRRORS)}, pools, activations and normalizations",
    )


def _linear(layer: Layer) -> Mirrored:
    arguments = dict(layer.arguments)
    width_in, width_out = arguments.pop("in_features"), arguments.pop("out_features")
    sizes = {"in_features": width_out, "out_features": width_in}
    shape = None if layer.shape is None else (*layer.shape[:-1], width_out)
    return layer.mirrored("Linear", sizes | arguments), shape


def _convolution(layer: Layer) -> Mirrored:
    axes, arguments = _axes(layer), dict(layer.arguments)
    if arguments.pop("padding_mode", "zeros") != "zeros":
        raise NotMirroredError("a transposed convolution pads with zeros only", "pad with zeros")
    channels_in, channels_out = arguments.pop("in_channels"), arguments.pop("out_channels")
    kernel, stride, padding, dilation = _windows(layer, axes)
    sizes = layer.sizes(axes)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if sizes is None and any(step > 1 for step in stride):
        raise UnknownShapeError
    shape, surplus = None, (0,) * axes
    if sizes is not None:
        free = [size + 2 * p - span for size, p, span in zip(sizes, padding, spans, strict=True)]
        if min(free) < 0:
            reason = f"its kernel is larger than the samples of shape {layer.shape}"
            raise NotMirroredError(reason, "write the right sample_shape")
        shape = (channels_out, *(f // s + 1 for f, s in zip(free, stride, strict=True)))
        surplus = tuple(f % s for f, s in zip(free, stride, strict=True))
    arguments = {"in_channels": channels_out, "out_channels": channels_in} | arguments
    if isinstance(arguments.get("padding"), str):
        arguments["padding"] = _plain(padding)
    if any(surplus):
        arguments["output_padding"] = _plain(surplus)
    return layer.mirrored(f"ConvTranspose{axes}d", arguments), shape


def _transposed_convolution(layer: Layer) -> Mirrored:
    axes, arguments = _axes(layer), dict(layer.arguments)
    channels_in, channels_out = arguments.pop("in_channels"), arguments.pop("out_channels")
    kernel, stride, padding, dilation = _windows(layer, axes)
    surplus = layer.numbers("output_padding", 0, axes)
    arguments.pop("output_padding", None)
    if any(extra >= step for extra, step in zip(surplus, stride, strict=True)):
        raise NotMirroredError("its output_padding is not less than its stride", "write it smaller")
    sizes, shape = layer.sizes(axes), None
    if sizes is not None:
        along = zip(sizes, kernel, stride, padding, dilation, surplus, strict=True)
        grown = [(n - 1) * s - 2 * p + d * (k - 1) + extra + 1 for n, k, s, p, d, extra in along]
        shape = (channels_out, *grown)
    arguments = {"in_channels": channels_out, "out_channels": channels_in} | arguments
    return layer.mirrored(f"Conv{axes}d", arguments), shape


def _windows(layer: Layer, axes: int) -> tuple[tuple[int, ...], ...]:
    """Return kernel size, stride, padding and dilation of a convolution along each axis."""
    kernel = layer.numbers("kernel_size", None, axes)
    stride = layer.numbers("stride", 1, axes)
    dilation = layer.numbers("dilation", 1, axes)
    if min(*stride, *kernel, *dilation) < 1:
        raise NotMirroredError(
            "a kernel size, stride or dilation is less than 1", "write 1 or more"
        )
    padding = layer.arguments.get("padding")
    if padding == "valid":
        return kernel, stride, (0,) * axes, dilation
    if padding != "same":
        return kernel, stride, layer.numbers("padding", 0, axes), dilation
    around = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if any(width % 2 for width in around):
        raise NotMirroredError(
            "padding 'same' of an even kernel has one more zero on one side", "use an odd kernel"
        )
    return kernel, stride, tuple(width // 2 for width in around), dilation


def _unpooling(layer: Layer) -> Mirrored:
    able = undoing_layers(layer.kind)
    kind = layer.unpooling if layer.unpooling and layer.unpooling in able else next(iter(able))
    undoing = able[kind]
    shape = _pooled_shape(layer, needs_tiling=undoing.needs_tiling)
    return {"type": kind, undoing.argument: layer.reference}, shape


def _pooled_shape(layer: Layer, *, needs_tiling: bool) -> Shape:
    axes = _axes(layer)
    kernel = layer.numbers("kernel_size", None, axes)
    stride = layer.numbers("stride", list(kernel), axes)
    padding, dilation = (layer.numbers(*pair, axes) for pair in (("padding", 0), ("dilation", 1)))
    if min(*stride, *kernel, *dilation) < 1:
        raise NotMirroredError(
            "a kernel size, stride or dilation is less than 1", "write 1 or more"
        )
    sizes = layer.sizes(axes)
    if layer.shape is None or sizes is None:
        if needs_tiling:
            raise UnknownShapeError
        return None
    along = zip(sizes, kernel, stride, padding, dilation, strict=True)
    rounds_up = layer.arguments.get("ceil_mode") is True
    pooled = [_pooled_size(*numbers, rounds_up=rounds_up) for numbers in along]
    if min(pooled) < 1:
        reason = f"its kernel is larger than the samples of shape {layer.shape}"
        raise NotMirroredError(reason, "write the right sample_shape")
    if needs_tiling and any(n != p * s for n, p, s in zip(sizes, pooled, stride, strict=True)):
        size = " x ".join(map(str, sizes))
        remedy = "use a pool whose stride divides the size"
        raise NotMirroredError(f"its windows, {stride} apart, do not tile {size}", remedy)
    return (layer.shape[0], *pooled)


def _pooled_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, *, rounds_up: bool
) -> int:
    free = size + 2 * padding - dilation * (kernel - 1) - 1
    number = (-(-free // stride) if rounds_up else free // stride) + 1
    # no window starts in the padding behind the samples
    return number - 1 if rounds_up and (number - 1) * stride >= size + padding else number


def _flatten(layer: Layer) -> Mirrored:
    first = layer.arguments.get("start_dim", 1)
    last = layer.arguments.get("end_dim", -1)
    if layer.shape is None:
        raise UnknownShapeError
    rank = len(layer.shape) + 1
    first, last = (axis % rank if -rank <= axis < rank else None for axis in (first, last))
    if first is None or last is None or not 1 <= first <= last:
        raise NotMirroredError(f"it does not flatten axes of shape {layer.shape}", "check its axes")
    sizes = layer.shape[first - 1 : last]
    shape = (*layer.shape[: first - 1], math.prod(sizes), *layer.shape[last:])
    return layer.mirrored("Unflatten", {"dim": first, "unflattened_size": list(sizes)}), shape


def _unflatten(layer: Layer) -> Mirrored:
    axis, sizes = layer.arguments["dim"], layer.arguments["unflattened_size"]
    if type(axis) is not int or not isinstance(sizes, list) or not sizes or axis == 0:
        raise NotMirroredError("its axis or sizes are not integers", "write integers")
    if not all(type(size) is int for size in sizes):
        raise NotMirroredError("its axis or sizes are not integers", "write integers")
    more = len(sizes) - 1
    axes = (axis, axis + more) if axis > 0 else (axis - more, axis)
    return layer.mirrored("Flatten", dict(zip(("start_dim", "end_dim"), axes, strict=True))), (
        _unflattened(layer.shape, axis, sizes)
    )


def _unflattened(shape: Shape, axis: int, sizes: Sequence[int]) -> Shape:
    if shape is None:  # samples have one axis, or the next layer rejects them
        return tuple(sizes) if axis == 1 and min(sizes) > 0 else None
    place = axis - 1 if axis > 0 else len(shape) + axis
    if not 0 <= place < len(shape):
        raise NotMirroredError(f"samples of shape {shape} have no axis {axis}", "check its axis")
    rest = math.prod(size for size in sizes if size > 0)
    known = tuple(size if size > 0 else shape[place] // rest for size in sizes)
    return (*shape[:place], *known, *shape[place + 1 :])


def _axes(layer: Layer) -> int:
    """Return the number of axes of a convolution or pool, which is in its name."""
    return int(layer.kind[-2])


def _plain(numbers: Sequence[int]) -> int | list[int]:
    return numbers[0] if len(set(numbers)) == 1 else list(numbers)


_WITH_WEIGHTS: Mapping[str, Callable[[Layer], Mirrored]] = MappingProxyType(
    {
        "Linear": _linear,
        **{f"Conv{axes}d": _convolution for axes in _SHAPES},
        **{f"ConvTranspose{axes}d": _transposed_convolution for axes in _SHAPES},
    }
)
_MIRRORS = MappingProxyType({**_WITH_WEIGHTS, "Flatten": _flatten, "Unflatten": _unflatten})
"""Class of a layer -> function that returns its mirror."""
