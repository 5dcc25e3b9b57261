"""Layers that take another number of features or channels than they get."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

_CHANNELS = {"in_channels": "channels", "num_features": "features", "num_channels": "channels"}


class Misfit(NamedTuple):
    """The argument that says what a layer takes, what it counts, that number, and what came."""

    key: str
    noun: str
    taken: int
    given: int


def misfit(layer: nn.Module, values: Tensor) -> Misfit | None:
    """Return the misfit of a layer and what it gets, None where there is none."""
    if any(map(is_lazy, layer.parameters(recurse=False))):
        return None
    if isinstance(layer, nn.Linear) and values.ndim:
        found = Misfit("in_features", "features", layer.in_features, values.shape[-1])
        return found if found.taken != found.given else None
    for key, noun in _CHANNELS.items():
        taken = getattr(layer, key, None)
        if isinstance(taken, int) and values.ndim > 1 and taken != values.shape[1]:
            return Misfit(key, noun, taken, values.shape[1])
    return None


def lacks_flatten(found: Misfit, values: Tensor) -> bool:
    """Whether a layer would take the elements of a sample in a row."""
    return found.key == "in_features" and values.flatten(1).shape[1] == found.taken


def fitting(layer: nn.Module, values: Tensor) -> Tensor | None:
    """Return what a layer takes in place of what it gets, so that it gives what it should.

    None where it takes what it gets, or fails on other grounds.
    """
    found = misfit(layer, values)
    if found is None or _takes(layer, values):
        return None
    return next((other for other in _others(found, values) if _takes(layer, other)), None)


def _others(found: Misfit, values: Tensor) -> Iterator[Tensor]:
    if lacks_flatten(found, values):
        yield values.flatten(1)
    shape = list(values.shape)
    shape[-1 if found.key == "in_features" else 1] = found.taken
    yield values.new_empty(shape)


def _takes(layer: nn.Module, values: Tensor) -> bool:
    try:
        layer.forward(values)  # without hooks: nobody is to know
    except (RuntimeError, ValueError, TypeError, IndexError):
        return False
    return True
