"""What samples may look like, where nothing but the layers that take them can tell."""

import math
from typing import NamedTuple

from torch import nn

from dcrf.config.model import MethodConfig
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
                if isinstance(layer, nn.Linear):
                    return _of_elements(layer.in_features)
                if isinstance(layer, nn.Conv2d):
                    return [Guess((layer.in_channels, side, side), False) for side in _SIDES]
    return []


def _of_elements(number: int) -> list[Guess]:
    """Return the layouts of samples with this many elements: images first, then vectors."""
    shapes: list[tuple[int, ...]] = [
        (channels, side, side)
        for channels in (1, 3)
        if channels * (side := math.isqrt(number // channels)) ** 2 == number
    ]
    return [Guess(shape, True) for shape in (*shapes, (number,))]
