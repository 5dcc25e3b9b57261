"""Checks of all clusterings, and the matching of centers."""

from itertools import permutations

import pytest
import torch

from dcrf.clusterings import base as module
from dcrf.clusterings.base import (
    Fitted,
    NearestCenter,
    centers_of,
    check_pairs_fit,
    continued_numbers,
    first_rows,
    match_centers,
)
from dcrf.errors import ClusteringError
from dcrf.storage.sized_later import SizedLater


class ByThreshold(Fitted):
    """Clusters without centers: the first number is below 0, below 10, or noise."""

    n_clusters_found = 2

    def log_assignments(self, features):
        first = features[:, :1]
        return torch.cat([first < 0, (first >= 0) & (first < 10)], dim=1).float().log()


def test_an_unfitted_result_takes_the_shapes_of_a_saved_one():
    fitted, fresh = NearestCenter(torch.rand(3, 4)), NearestCenter.unfitted()

    assert (fresh.is_fitted, fitted.is_fitted) == (False, True)
    fresh.load_state_dict(fitted.state_dict())

    assert torch.equal(fresh.centers, fitted.centers)


def test_a_loaded_value_keeps_its_type_and_its_parameter():
    class Values(SizedLater):
        def __init__(self, values):
            super().__init__()
            self.values = torch.nn.Parameter(values)

    small, large = Values(torch.zeros(0)), Values(torch.ones(5, dtype=torch.float64))
    parameter = small.values

    small.load_state_dict(large.state_dict())

    assert small.values is parameter
    assert (small.values.dtype, small.values.tolist()) == (torch.float32, [1.0] * 5)


def test_new_samples_get_the_nearest_center():
    fitted = NearestCenter(torch.tensor([[0.0, 0.0], [4.0, 0.0]]))

    assert fitted.log_assignments(torch.tensor([[1.9, 5.0], [2.1, 5.0]])).exp().tolist() == [
        [1, 0],
        [0, 1],
    ]


@pytest.mark.parametrize("chunk", [1000, 2])
def test_clusters_without_centers_get_their_means_and_noise_counts_for_none(chunk, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", chunk)
    features = torch.tensor([[-1.0, 2.0], [5.0, 1.0], [-3.0, 0.0], [99.0, 99.0], [6.0, 2.0]])

    centers = centers_of(ByThreshold(), features, 2)

    assert centers.tolist() == [[-2.0, 1.0], [5.5, 1.5]]


def test_a_cluster_without_samples_has_no_center():
    with pytest.raises(ClusteringError, match="no sample is in cluster 1"):
        centers_of(ByThreshold(), torch.full((3, 2), -1.0), 2)


def test_another_number_of_clusters_gives_no_centers():
    with pytest.raises(ClusteringError, match="found 2 clusters, but 3 centroids"):
        centers_of(ByThreshold(), torch.zeros(3, 2), 3)


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


def test_pairs_that_exceed_the_memory_are_refused_with_the_number_that_fits(monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: 8 * 1000**2)

    check_pairs_fit(1000, 8, "")
    with pytest.raises(ClusteringError, match=r"1,001 samples .* at most 1,000 .* take k_means"):
        check_pairs_fit(1001, 8, "take k_means")


def test_clusters_continue_those_that_share_most_samples():
    """By hand: new 0 shares 1 with old 2 and 2 with old 0; new 1 shares 2 with old 2."""
    previous = torch.tensor([0, 0, 2, 2, 2, 1])
    clusters = torch.tensor([0, 0, 0, 1, 1, 2])

    assert continued_numbers(clusters, previous, 3).tolist() == [0, 0, 0, 2, 2, 1]


def test_most_samples_keep_their_number_over_all_ways_to_renumber():
    generator = torch.Generator().manual_seed(0)
    clusters, previous = torch.randint(4, (2, 60), generator=generator)
    most = max(
        (torch.tensor(order)[clusters] == previous).sum().item() for order in permutations(range(4))
    )

    assert (continued_numbers(clusters, previous, 4) == previous).sum() == most


def test_noise_stays_noise_and_counts_for_no_number():
    previous = torch.tensor([1, -1, -1, 0])
    clusters = torch.tensor([0, 0, 1, -1])

    assert continued_numbers(clusters, previous, 2).tolist() == [1, 1, 0, -1]
