"""Mixtures, against torch's and scipy's distributions."""

import math

import pytest
import torch
from scipy.stats import multivariate_t
from torch.distributions import MultivariateNormal

from dcrf.functional.mixtures import (
    axis_points,
    cauchy_log_densities,
    mixture_log_assignments,
    normal_log_densities,
    squared_mahalanobis,
)

N, K, D = 7, 3, 4


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape))).double()


FEATURES, MEANS = draw(N, D), draw(K, D)
SPHERICAL = torch.tensor([0.5, 1.0, 2.0]).double()
DIAGONAL = draw(K, D).abs() + 0.5
FULL = draw(K, D, D).tril(-1) + torch.diag_embed(DIAGONAL)
FORMS = {"spherical": SPHERICAL, "diagonal": DIAGONAL, "full": FULL}


def matrices(factors):
    """The factors (k, d, d) of any form."""
    if factors.ndim == 1:
        factors = factors[:, None].expand(K, D)
    return torch.diag_embed(factors) if factors.ndim == 2 else factors


@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_normal_densities_are_those_of_torch(factors):
    expected = [
        MultivariateNormal(mean, scale_tril=factor).log_prob(FEATURES)
        for mean, factor in zip(MEANS, matrices(factors), strict=True)
    ]

    torch.testing.assert_close(
        normal_log_densities(FEATURES, MEANS, factors), torch.stack(expected, dim=1)
    )


@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_cauchy_densities_are_those_of_t_with_one_degree_of_freedom(factors):
    expected = [
        torch.from_numpy(multivariate_t(mean.numpy(), (f @ f.T).numpy(), df=1).logpdf(FEATURES))
        for mean, f in zip(MEANS, matrices(factors), strict=True)
    ]

    torch.testing.assert_close(
        cauchy_log_densities(FEATURES, MEANS, factors), torch.stack(expected, dim=1)
    )


def test_distances_are_measured_in_standard_deviations():
    distances = squared_mahalanobis(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2), torch.ones(1))
    halved = squared_mahalanobis(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2), torch.full((1,), 2))

    assert (distances.item(), halved.item()) == (25, 25 / 4)


def test_responsibilities_by_hand():
    # densities 0.2 and 0.6, weights 3/4 and 1/4: 0.15 and 0.15
    densities, weights = torch.tensor([[0.2, 0.6]]).log(), torch.tensor([0.75, 0.25]).log()

    torch.testing.assert_close(
        mixture_log_assignments(densities, weights), torch.full((1, 2), math.log(0.5))
    )


def test_points_on_axes_by_hand():
    points = axis_points(2, 3, scale=2.0)

    assert points.tolist() == [[2, -2, -2], [-2, 2, -2]]
    assert (points[0] - points[1]).square().sum() == 8 * 2**2


@pytest.mark.parametrize("densities", [normal_log_densities, cauchy_log_densities])
@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_gradients_reach_every_parameter(densities, factors):
    parameters = [t.clone().requires_grad_() for t in (FEATURES, MEANS, factors)]

    assert torch.autograd.gradcheck(densities, parameters)
