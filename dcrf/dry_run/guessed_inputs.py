"""What samples may look like, where nothing but the layers that take them can tell."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from torch import nn
from torch.nn.parameter import is_lazy

from dcrf.config.method_config import MethodConfig
from dcrf.errors import Problem
from dcrf.training.method import Method

_SIDES = (28, 32, 64, 96, 128, 224)


class Guess(NamedTuple):
    """A shape of samples; `is_exact` where only their layout is guessed, not their elements."""

    shape: tuple[int, ...]
    is_exact: bool


def guesses(config: MethodConfig, method: Method) -> list[Guess]:
    """Return shapes of samples that the first layer of a feature extractor takes."""
    first_of_all = ("feature_extractor", "sample_space_classifier")
    for entry in config.mappings:
        if entry.type in first_of_all and entry.prior_mapping_name is None:
            for layer in method.mappings[entry.name].net.modules():
                if isinstance(layer, nn.Linear) and not is_lazy(layer.weight):
                    return _of_elements(layer.in_features)
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    channels: tuple[int, ...] = (3, 1)
                    if isinstance(layer, nn.Conv2d) and not is_lazy(layer.weight):
                        channels = (layer.in_channels,)
                    return [Guess((n, side, side), False) for n in channels for side in _SIDES]
    return []


def without_guessing(found: Sequence[list[Problem]], is_exact: bool) -> list[Problem]:
    """Return what holds whatever samples are like.

    Args:
        found: the problems with one guess after another.
        is_exact: of the guesses. If they are, the layout with which there are fewest is right;
            else what depends on a guess is in other words, or missing, with another one.
    """
    if is_exact or not found:
        return min(found, key=len, default=[])
    return [problem for problem in found[0] if all(problem in others for others in found)]


def _of_elements(number: int) -> list[Guess]:
    """Return the layouts of samples with this many elements: images first, then vectors."""
    shapes: list[tuple[int, ...]] = [
        (channels, side, side)
        for channels in (1, 3)
        if channels * (side := math.isqrt(number // channels)) ** 2 == number
    ]
    return [Guess(shape, True) for shape in (*shapes, (number,))]
