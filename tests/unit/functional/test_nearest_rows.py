"""Nearest rows against a loop over differences."""

import pytest
import torch

from dcrf.functional import nearest_rows as module
from dcrf.functional.nearest_rows import nearest_rows


@pytest.mark.parametrize("chunk", [2**24, 20])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_nearest_rows_are_those_of_a_loop(chunk, offset, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK_VALUES", chunk)
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(30, 4, generator=generator) * 0.1 + offset
    features = torch.rand(50, 4, generator=generator) * 0.1 + offset

    nearest, distances = nearest_rows(features, points)

    for row, index, distance in zip(features, nearest, distances, strict=True):
        by_hand = [sum((row - point).double() ** 2) ** 0.5 for point in points]
        assert by_hand[index] == min(by_hand)
        assert distance.item() == pytest.approx(min(by_hand).item(), rel=1e-5)


def test_a_point_is_its_own_nearest_row():
    points = torch.rand(200, 7, generator=torch.Generator().manual_seed(0)) + 1e4

    nearest, distances = nearest_rows(points, points)

    assert torch.equal(points[nearest], points)
    assert not distances.any()
