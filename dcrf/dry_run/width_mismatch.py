"""Explain why a layer rejects its input: wrong width, or a missing axis."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

_CHANNELS = {"in_channels": "channels", "num_features": "features", "num_channels": "channels"}
_TABLE_AXES = 2
_AXES = ("channels", "depth", "height", "width")


class Mismatch(NamedTuple):
    """The input of a layer differs from its arguments.

    expected: the input that the layer takes.
    actual: the input that it gets.
    remedy: the change that mends it.
    """

    expected: str
    actual: str
    remedy: str


def find_mismatch(layer: nn.Module, values: Tensor) -> Mismatch | None:
    """Return the mismatch between a layer and its input (n, ...), None if they match."""
    return _of_axes(layer, values) or _of_width(layer, values)


def _of_axes(layer: nn.Module, values: Tensor) -> Mismatch | None:
    """Return the mismatch of a convolution whose input lacks or has surplus axes."""
    kernel = getattr(layer, "kernel_size", None)
    if not isinstance(kernel, tuple) or not hasattr(layer, "in_channels"):
        return None
    axes = (_AXES[0], *_AXES[-len(kernel) :])
    if values.ndim == len(axes) + 1:
        return None
    shape = tuple(values.shape[1:])
    lacks_channels = layer.in_channels == 1 and len(shape) == len(kernel)
    unflattened = axes[: len(axes) - len(shape) + 1]
    sizes = f"[1, {shape[0]}]" if lacks_channels else f"[{', '.join(unflattened)}]"
    remedy = f'put {{"type": "Unflatten", "dim": 1, "unflattened_size": {sizes}}} before it'
    if len(shape) > len(axes):
        remedy = "change the layers before it"
    missing = "; the channel axis is missing" if len(shape) == len(kernel) else ""
    return Mismatch(
        f"samples of shape ({', '.join(axes)})", f"samples of shape {shape}{missing}", remedy
    )


def _of_width(layer: nn.Module, values: Tensor) -> Mismatch | None:
    """Return the mismatch of a layer that expects another number of features or channels."""
    if any(map(is_lazy, layer.parameters(recurse=False))):
        return None
    if isinstance(layer, nn.Linear) and values.ndim:
        if values.shape[-1] == layer.in_features:
            return None
        remedy = f'write "in_features": {values.shape[-1]}, or change the layers before it'
        if values.flatten(1).shape[1] == layer.in_features:
            remedy = 'put {"type": "Flatten"} before it'
        return Mismatch(f"{layer.in_features} features", f"{values.shape[-1]}", remedy)
    for key, noun in _CHANNELS.items():
        width = getattr(layer, key, None)
        if isinstance(width, int) and values.ndim > 1 and width != values.shape[1]:
            remedy = f'write "{key}": {values.shape[1]}, or change the layers before it'
            if values.ndim > _TABLE_AXES + 1 and values.shape[-1] == width:
                order = (0, values.ndim - 1, *range(1, values.ndim - 1))
                remedy = f"the last axis has {width}; if it is the channels, move it to axis 1, "
                remedy += f"as samples.transpose{order} does"
            return Mismatch(f"{width} {noun}", f"{values.shape[1]}", remedy)
    return None
