"""Gaussian mixtures against scipy and by hand."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch.autograd import gradcheck

from dcrf.functional.gaussian_mixture import gaussian_log_densities, mixture_log_assignments

N, K, D = 9, 3, 4


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


FULL = draw(K, D, D, seed=1)
COVARIANCES = FULL @ FULL.mT + 0.5 * torch.eye(D)
KINDS = {
    "full": (torch.linalg.cholesky(COVARIANCES), COVARIANCES),
    "tied": (torch.linalg.cholesky(COVARIANCES[:1]), COVARIANCES[:1].expand(K, D, D)),
    "diagonal": (draw(K, D).abs() + 0.1, torch.diag_embed((draw(K, D).abs() + 0.1) ** 2)),
    "spherical": (
        draw(K, 1).abs() + 0.1,
        (draw(K, 1).abs() + 0.1).square().unsqueeze(2) * torch.eye(D).double(),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_densities_are_those_of_scipy(kind):
    features, means, (factors, covariances) = draw(N, D, seed=2), draw(K, D, seed=3), KINDS[kind]

    log_densities = gaussian_log_densities(features, means, factors)

    for j in range(K):
        expected = multivariate_normal(means[j].numpy(), covariances[j].numpy()).logpdf(features)
        assert np.allclose(log_densities[:, j], expected)


def test_the_standard_normal_density_by_hand():
    value = gaussian_log_densities(
        torch.tensor([[1.0]]), torch.zeros(1, 1), torch.full((1, 1), 2.0)
    )

    assert value.item() == pytest.approx(-0.5 * (math.log(2 * math.pi) + math.log(4) + 0.25))


def test_posteriors_by_hand():
    """Weights 1/4 and 3/4, densities 3 and 1: both components are equally probable."""
    weights, densities = torch.tensor([0.25, 0.75]), torch.tensor([[3.0, 1.0], [1.0, 1.0]])

    posteriors = mixture_log_assignments(weights.log(), densities.log()).exp()

    torch.testing.assert_close(posteriors, torch.tensor([[0.5, 0.5], [0.25, 0.75]]))


def test_far_samples_have_finite_posteriors():
    log_densities = gaussian_log_densities(
        torch.full((1, D), 1e6), torch.zeros(2, D), torch.ones(2, D)
    )

    assert mixture_log_assignments(torch.tensor([0.5, 0.5]).log(), log_densities).isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind):
    features, means, factors = draw(N, D, seed=2), draw(K, D, seed=3), KINDS[kind][0]

    def posteriors(features, means, factors):
        densities = gaussian_log_densities(features, means, factors)
        return mixture_log_assignments(torch.zeros(K).double(), densities)

    inputs = [value.clone().requires_grad_() for value in (features, means, factors)]
    assert gradcheck(posteriors, inputs)
