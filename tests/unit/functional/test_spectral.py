import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.spectral import (
    divided_by_degrees,
    gaussian_affinities,
    orthonormalizing_weight,
    spectral_loss,
)


def points(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_affinities(features, num_neighbors, scale_neighbor):
    n = len(features)
    distances = [[math.dist(a, b) for b in features.tolist()] for a in features.tolist()]
    near = [sorted((j for j in range(n) if j != i), key=distances[i].__getitem__) for i in range(n)]
    ranked = sorted(distances[i][near[i][scale_neighbor - 1]] for i in range(n))
    scale = ranked[(n - 1) // 2]  # torch's median
    affinities = torch.zeros(n, n, dtype=torch.float64)
    for i in range(n):
        for j in near[i][:num_neighbors]:
            value = math.exp(-(distances[i][j] ** 2) / (2 * scale**2))
            affinities[i, j] += value / 2
            affinities[j, i] += value / 2
    return affinities


@pytest.mark.parametrize(("num_neighbors", "scale_neighbor"), [(3, 2), (1, 4), (5, 1)])
def test_affinities_agree_with_loops(num_neighbors, scale_neighbor):
    features = points(9, 3)

    torch.testing.assert_close(
        gaussian_affinities(features, num_neighbors, scale_neighbor),
        slow_affinities(features, num_neighbors, scale_neighbor),
    )


def test_affinities_by_hand():
    """Distances 1 and 2 on a line, a scale of 1: exp(-1/2) is mutual, exp(-2) half of it not."""
    affinities = gaussian_affinities(torch.tensor([[0.0], [1.0], [3.0]]), 1, 1)
    near, far = math.exp(-0.5), math.exp(-2) / 2

    torch.testing.assert_close(
        affinities, torch.tensor([[0, near, 0], [near, 0, far], [0, far, 0]])
    )


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_points_have_the_neighbors_that_there_are(n):
    affinities = gaussian_affinities(points(n, 2), 5, 4)

    assert affinities.shape == (n, n)
    assert ((affinities > 0) == ~torch.eye(n).bool()).all()


def test_copies_of_a_point_have_finite_affinities():
    affinities = gaussian_affinities(torch.ones(4, 2), 2, 1)

    assert affinities.isfinite().all()
    assert affinities.max() == 1


def test_the_loss_agrees_with_a_double_sum():
    y, w = points(6, 2), gaussian_affinities(points(6, 3, seed=1), 2, 2)
    total = sum(
        w[i, j].item()
        * sum((a - b) ** 2 for a, b in zip(y[i].tolist(), y[j].tolist(), strict=True))
        for i in range(6)
        for j in range(6)
    )

    assert spectral_loss(y, w).item() == pytest.approx(total / 36)


def test_the_loss_by_hand():
    """Two points at distance 2 with an affinity of 1/2, counted twice: 2 * 1/2 * 4 / 4."""
    affinities = torch.tensor([[0.0, 0.5], [0.5, 0.0]])

    assert spectral_loss(torch.tensor([[1.0], [-1.0]]), affinities).item() == 1


def test_the_normalized_loss_is_the_trace_with_the_normalized_laplacian():
    y, w = points(6, 2), gaussian_affinities(points(6, 3, seed=1), 2, 2)
    roots = torch.diag(w.sum(dim=1).rsqrt())
    laplacian = torch.eye(6, dtype=torch.float64) - roots @ w @ roots

    torch.testing.assert_close(
        spectral_loss(divided_by_degrees(y, w), w), 2 / 36 * torch.trace(y.T @ laplacian @ y)
    )


def test_a_point_without_affinities_has_no_normalized_loss():
    affinities = torch.zeros(1, 1)

    assert spectral_loss(divided_by_degrees(torch.ones(1, 2), affinities), affinities).item() == 0


def test_gradients_are_those_of_finite_differences():
    affinities = gaussian_affinities(points(5, 3), 2, 2)

    assert gradcheck(lambda y: spectral_loss(y, affinities), [points(5, 2).requires_grad_()])
    assert gradcheck(
        lambda v: spectral_loss(
            divided_by_degrees(v @ orthonormalizing_weight(v), affinities), affinities
        ),
        [points(5, 2).requires_grad_()],
    )


def test_columns_are_orthogonal_and_of_length_n():
    values = points(50, 4) @ points(4, 4, seed=1) + 3
    weight = orthonormalizing_weight(values)
    outputs = values @ weight

    torch.testing.assert_close(
        outputs.T @ outputs, 50 * torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-3
    )
    assert torch.equal(weight, weight.triu())


def test_an_orthonormalizing_weight_by_hand():
    """Columns of lengths 2 sqrt(2) and sqrt(2) that are orthogonal need the factors 1/2 and 1."""
    weight = orthonormalizing_weight(torch.tensor([[2.0, 1.0], [2.0, -1.0]]))

    torch.testing.assert_close(weight, torch.tensor([[0.5, 0.0], [0.0, 1.0]]), atol=1e-6, rtol=0)


@pytest.mark.parametrize("values", [torch.ones(5, 3), torch.zeros(4, 2), torch.ones(1, 3)])
def test_dependent_columns_have_a_finite_weight(values):
    assert orthonormalizing_weight(values).isfinite().all()
