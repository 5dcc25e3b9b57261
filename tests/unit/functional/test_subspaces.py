"""Subspaces against loops, and their closed forms against optimizers."""

import numpy as np
import pytest
import torch

from dcrf.functional.subspaces import (
    decayed_means,
    nearest_orthogonal,
    optimal_weights,
    replaced_means,
    separating_rotation,
    subspace_k_means,
    weighted_squared_distances,
)


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_loss_by_loops():
    rows, centers, weights = (
        random(7, 3),
        [random(2, 3, seed=1), random(1, 3, seed=2)],
        random(2, 3),
    )
    total = 0.0
    for own, weight in zip(centers, weights, strict=True):
        for row in rows:
            total += min(
                sum(float(weight[d] * (row[d] - c[d])) ** 2 for d in range(3)) for c in own
            )

    assert subspace_k_means(rows, centers, weights).item() == pytest.approx(total / 7 / 2)


def test_distances_by_hand():
    rows, centers = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 0.0], [1.0, 0.0]])

    distances = weighted_squared_distances(rows, centers, torch.tensor([0.5, 1.0]))

    assert distances.tolist() == [[4.25, 4.0]]


def test_gradients_are_those_of_finite_differences():
    rows, weights = random(6, 3).requires_grad_(), random(2, 3, seed=3).requires_grad_()
    centers = [random(3, 3, seed=1), random(1, 3, seed=2)]

    assert torch.autograd.gradcheck(
        lambda r, w: subspace_k_means(r, centers, w.softmax(0)), (rows, weights)
    )


def test_optimal_weights_are_those_of_gradient_descent():
    scatters = random(3, 4).square() + 0.1
    logits = torch.zeros(3, 4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.05)
    for _ in range(1500):
        optimizer.zero_grad()
        (logits.softmax(0).square() * scatters).sum().backward()
        optimizer.step()

    torch.testing.assert_close(
        optimal_weights(scatters), logits.softmax(0).detach(), atol=1e-3, rtol=0
    )
    two = optimal_weights(scatters[:2])
    torch.testing.assert_close(two[0], scatters[1] / (scatters[0] + scatters[1]))


def test_the_first_columns_of_a_rotation_separate_clusters():
    clusters = torch.arange(3).repeat_interleave(40)
    plane = torch.linalg.qr(random(4, 4, seed=5)).Q
    rows = 0.3 * random(120, 4)
    rows[:, :2] += torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])[clusters]
    rows[:, 2:] *= 20
    rows = rows @ plane
    centers = torch.stack([rows[clusters == k].mean(dim=0) for k in range(3)])

    rotation = separating_rotation(rows, clusters, centers)

    torch.testing.assert_close(rotation.T @ rotation, torch.eye(4, dtype=torch.float64))
    between = (centers - rows.mean(dim=0)) @ rotation
    assert between[:, 2:].abs().max() < 1e-6 * between.abs().max()
    assert between[:, 0].norm() > between[:, 1].norm()


def test_the_nearest_orthogonal_matrix():
    matrix = random(4, 4)
    nearest = nearest_orthogonal(matrix)

    torch.testing.assert_close(nearest.T @ nearest, torch.eye(4, dtype=torch.float64))
    distance = (nearest - matrix).norm()
    for seed in range(20):
        other = torch.linalg.qr(random(4, 4, seed=seed)).Q
        assert (other - matrix).norm() >= distance
    torch.testing.assert_close(nearest_orthogonal(nearest), nearest)


def test_decayed_means_by_loops():
    rows, means, counts = random(9, 2), random(3, 2, seed=1), torch.tensor([4.0, 0, 2]).double()
    clusters = torch.tensor([0, 0, 2, 0, 2, 0, 0, 2, 0])
    moved, decayed = decayed_means(means, counts, rows, clusters, 0.25)
    for k in range(3):
        own = rows[clusters == k].numpy()
        count = 0.25 * len(own) + 0.75 * counts[k].item()
        expected = means[k].numpy()
        if len(own):
            expected = expected + (own.mean(axis=0) - expected) / (1 + count)

        assert decayed[k].item() == pytest.approx(count)
        np.testing.assert_allclose(moved[k], expected)


def test_a_single_mean_moves_by_the_rate():
    rows, mean = torch.tensor([[2.0], [4.0]]), torch.tensor([[1.0]])

    moved, _ = decayed_means(mean, torch.zeros(1), rows, torch.zeros(2, dtype=torch.int64), 0.5)

    assert moved.tolist() == [[2.0]]


def test_replaced_means_are_rows_and_others_stay():
    rows, means = random(5, 2), random(3, 2, seed=1)
    moved = replaced_means(means, torch.tensor([False, True, False]), rows, torch.Generator())

    assert torch.equal(moved[[0, 2]], means[[0, 2]])
    assert any(torch.equal(moved[1], row) for row in rows)
