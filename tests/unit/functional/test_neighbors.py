import math

import pytest
import torch
from scipy.spatial import distance
from torch.autograd import gradcheck

from dcrf.functional.neighbors import (
    METRICS,
    nearest_neighbors,
    neighbor_consistency,
    neighbor_distances,
)


def points(n=40, d=5, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scores_at_once", [1, 100, 2**24])
def test_neighbors_equal_those_of_all_distances(metric, scores_at_once):
    features = points() + 3
    distances = torch.from_numpy(distance.squareform(distance.pdist(features, metric)))
    expected = distances.fill_diagonal_(torch.inf).argsort(dim=1)[:, :7]

    assert torch.equal(nearest_neighbors(features, 7, metric, scores_at_once), expected)


def test_by_hand():
    line = torch.tensor([[1.0], [2.0], [4.0], [8.0]])

    assert nearest_neighbors(line, 2, "euclidean").tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_a_million_samples_on_the_meta_device_have_neighbors_at_once():
    neighbors = nearest_neighbors(torch.empty(10**6, 3, device="meta"), 20, "cosine")

    assert neighbors.is_meta
    assert (neighbors.shape, neighbors.dtype) == ((10**6, 20), torch.int64)


def test_only_angles_count_with_cosine():
    features = torch.tensor([[1.0, 0.0], [0.9, 0.1], [100.0, 1.0], [0.0, 1.0]])

    assert nearest_neighbors(features, 1, "cosine").squeeze(1).tolist() == [2, 2, 0, 1]


def test_equal_rows_are_neighbors_of_each_other_and_never_of_themselves():
    neighbors = nearest_neighbors(torch.ones(5, 3), 4, "cosine")

    assert [sorted(row) for row in neighbors.tolist()] == [
        [j for j in range(5) if j != i] for i in range(5)
    ]


def test_distances_far_from_the_origin_keep_their_digits():
    features = torch.tensor([[0.0], [1.0], [3.0], [7.0], [15.0]]) + 1e5

    assert nearest_neighbors(features, 1, "euclidean").squeeze(1).tolist() == [1, 0, 1, 2, 3]


@pytest.mark.parametrize("values_at_once", [1, 100, 2**24])
def test_distances_to_neighbors_equal_those_of_scipy(values_at_once):
    features = points() + 3
    neighbors = nearest_neighbors(features, 7, "euclidean")
    distances = torch.from_numpy(distance.squareform(distance.pdist(features.double())))

    torch.testing.assert_close(
        neighbor_distances(features, neighbors, values_at_once).double(),
        distances.gather(1, neighbors),
        rtol=1e-5,
        atol=0,
    )


def test_a_million_distances_on_the_meta_device_are_known_at_once():
    neighbors = torch.empty(10**6, 1, device="meta", dtype=torch.int64)

    assert neighbor_distances(torch.empty(10**6, 3, device="meta"), neighbors).shape == (10**6, 1)


def test_consistency_by_hand():
    p = torch.tensor([[0.5, 0.5], [0.9, 0.1]])
    q = torch.tensor([[0.5, 0.5], [0.2, 0.8]])
    expected = -(math.log(0.5) + math.log(0.9 * 0.2 + 0.1 * 0.8)) / 2

    assert neighbor_consistency(p.log(), q.log()).item() == pytest.approx(expected, rel=1e-6)


def test_certain_assignments_to_one_cluster_lose_nothing_and_far_ones_stay_finite():
    certain = torch.tensor([[0.0, -300.0], [-300.0, 0.0]])

    assert neighbor_consistency(certain, certain).item() == 0
    assert neighbor_consistency(certain, certain.flip(0)).item() == pytest.approx(300 - math.log(2))


def test_gradients_flow_through_both():
    logits = [points(4, 3, seed).double().requires_grad_() for seed in (0, 1)]

    assert gradcheck(lambda a, b: neighbor_consistency(a.log_softmax(1), b.log_softmax(1)), logits)
