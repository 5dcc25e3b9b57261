"""The remedy for a layer that rejects its input."""

import pytest
import torch
from torch import nn

from dcrf.dry_run.width_mismatch import find_mismatch


@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ((2, 8, 9, 3), "as samples.transpose(0, 3, 1, 2) does"),
        ((2, 8, 9, 5), 'write "in_channels": 8'),
        ((2, 4, 9, 9), 'write "in_channels": 4'),
    ],
)
def test_channels_last_are_moved_and_other_widths_are_written(shape, remedy):
    mismatch = find_mismatch(nn.Conv2d(3, 4, 3), torch.zeros(shape, device="meta"))

    assert remedy in mismatch.remedy


def test_fitting_channels_are_no_mismatch():
    assert find_mismatch(nn.Conv2d(3, 4, 3), torch.zeros(2, 3, 9, 3, device="meta")) is None


@pytest.mark.parametrize(
    ("shape", "sizes"), [((2, 64), "[channels, height, width]"), ((2, 24, 8), "[channels, height]")]
)
def test_missing_axes_are_unflattened_to_as_many_as_the_layer_expects(shape, sizes):
    mismatch = find_mismatch(nn.Conv2d(3, 4, 3), torch.zeros(shape, device="meta"))

    assert f'"unflattened_size": {sizes}' in mismatch.remedy
