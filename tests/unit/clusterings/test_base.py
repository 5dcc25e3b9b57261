"""Checks of all clusterings, and the matching of centers."""

import pytest
import torch

from dcrf.clusterings.base import Clustering, first_rows, match_centers
from dcrf.errors import DataError


def test_features_without_values_get_centers_without_values():
    features = torch.empty(5, 7, device="meta")

    centers = Clustering()(features, 3, 1, seed=0)

    assert (centers.device.type, centers.shape) == ("meta", (3, 7))


def test_fewer_samples_than_clusters_are_refused():
    with pytest.raises(DataError, match="2 samples cannot form 3 clusters"):
        Clustering()(torch.zeros(2, 2), 3, 1, seed=0)


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (2, 2), (5, 2)])
def test_a_probe_is_no_single_row_if_there_are_two(n, rows):
    features = torch.arange(float(n)).unsqueeze(1)

    assert torch.equal(first_rows(features), features[:rows])


def test_centers_are_matched_by_squared_distances():
    """Matched by distances: 0 + 2 instead of 1.1 + 1.1. By squares: 1.21 + 1.21, not 0 + 4."""
    previous = torch.tensor([[0.0, 0.0], [1.0, 0.21**0.5]])
    centers = torch.tensor([[2.0, 0.0], [1.0, 0.21**0.5]])

    assert torch.equal(match_centers(centers, previous), centers.flip(0))


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e8])
def test_many_close_centers_are_matched_far_from_the_origin(offset):
    """A square expanded in float64 loses gaps of 0.5 at 1e8."""
    generator = torch.Generator().manual_seed(0)
    previous = torch.arange(40, dtype=torch.float64).unsqueeze(1) * 0.5 + offset
    order = torch.randperm(40, generator=generator)

    assert torch.equal(match_centers(previous[order] + 0.1, previous), previous + 0.1)
