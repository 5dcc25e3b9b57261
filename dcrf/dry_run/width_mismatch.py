"""Layers that take another number of features or channels than they get."""

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
