"""Density-connectivity against all-pairs minimax paths by loops."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from dcrf.functional.density_connectivity import (
    density_connectivity_distances,
    density_connectivity_loss,
    density_dendrogram,
)


def minimax_paths(rows, min_points):
    """Floyd and Warshall's algorithm with the largest edge of a path in place of the sum."""
    distances = cdist(rows, rows)
    core = np.sort(distances, axis=1)[:, min_points - 1]
    reach = np.maximum(distances, np.maximum.outer(core, core))
    for k in range(len(rows)):
        reach = np.minimum(reach, np.maximum.outer(reach[:, k], reach[k]))
    np.fill_diagonal(reach, 0)
    return reach


def rows_of(n, seed=0):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("n", "min_points"), [(1, 1), (2, 1), (2, 2), (30, 1), (40, 5), (9, 9)])
def test_distances_are_minimax_paths_over_mutual_reachability(n, min_points):
    rows = rows_of(n) + 100

    distances = density_connectivity_distances(
        density_dendrogram(rows, min_points), torch.arange(n)
    )

    np.testing.assert_allclose(distances, minimax_paths(rows.numpy(), min_points), atol=1e-9)


def test_a_batch_has_the_distances_of_its_samples_in_its_order():
    rows, indices = rows_of(50), torch.tensor([7, 3, 3, 49, 0, 20])
    dendrogram = density_dendrogram(rows, 4)

    distances = density_connectivity_distances(dendrogram, indices)

    expected = minimax_paths(rows.numpy(), 4)[indices][:, indices]
    np.testing.assert_allclose(distances, expected, atol=1e-9)


def test_distances_by_hand():
    rows = torch.tensor([[0.0], [1.0], [2.0], [10.0], [11.0]])

    distances = density_connectivity_distances(density_dendrogram(rows, 1), torch.arange(5))

    assert distances[0].tolist() == [0, 1, 1, 8, 8]
    assert distances[4].tolist() == [8, 8, 8, 1, 0]


def test_equal_rows_have_distance_0():
    dendrogram = density_dendrogram(torch.ones(6, 2), 3)

    assert not density_connectivity_distances(dendrogram, torch.arange(6)).any()


def test_the_loss_by_loops_and_its_gradient():
    features, distances = rows_of(5, seed=1).requires_grad_(), rows_of(5, seed=2) @ rows_of(5).T
    values = features.detach().numpy()
    expected = np.mean([
        (((values[i] - values[j]) ** 2).sum() - distances[i, j].item()) ** 2
        for i in range(5) for j in range(5)
    ])  # fmt: skip

    assert density_connectivity_loss(features, distances).item() == pytest.approx(expected)
    assert torch.autograd.gradcheck(lambda z: density_connectivity_loss(z, distances), (features,))


def test_on_the_meta_device_there_are_shapes():
    dendrogram = density_dendrogram(torch.empty(8, 3, device="meta"), 2)
    indices = torch.empty(4, dtype=torch.int64, device="meta")

    assert density_connectivity_distances(dendrogram, indices).shape == (4, 4)
