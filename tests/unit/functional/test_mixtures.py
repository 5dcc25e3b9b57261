"""Mixtures, against torch's and scipy's distributions."""

import math

import pytest
import torch
from scipy.stats import multivariate_t
from torch.distributions import MultivariateNormal, kl_divergence

from dcrf.functional.mixtures import (
    axis_points,
    cauchy_log_densities,
    distance_from_uniform_weights,
    inverse_variances,
    mixture_log_assignments,
    mixture_negative_log_likelihood,
    normal_divergences,
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


def test_the_likelihood_sums_components_sample_by_sample():
    weights = [0.2, 0.3, 0.5]
    normals = [
        MultivariateNormal(m, scale_tril=f) for m, f in zip(MEANS, matrices(FULL), strict=True)
    ]
    total = 0.0
    for features in FEATURES:
        density = 0.0
        for weight, normal in zip(weights, normals, strict=True):
            density += weight * normal.log_prob(features).exp().item()
        total -= math.log(density)

    loss = mixture_negative_log_likelihood(
        normal_log_densities(FEATURES, MEANS, FULL), torch.tensor(weights).double().log()
    )

    assert loss.item() == pytest.approx(total / N)


def test_a_likelihood_by_hand():
    # 3/4 of 0.2 and 1/4 of 0.6 add up to 0.3
    densities, weights = torch.tensor([[0.2, 0.6]]).log(), torch.tensor([0.75, 0.25]).log()

    loss = mixture_negative_log_likelihood(densities, weights)

    assert loss.item() == pytest.approx(-math.log(0.3))


def test_the_likelihood_of_a_sample_far_from_all_components_is_finite():
    densities = normal_log_densities(torch.full((1, D), 1e4), MEANS.float(), torch.ones(K))

    assert mixture_negative_log_likelihood(densities, torch.zeros(K).log_softmax(0)).isfinite()


@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_divergences_are_those_of_torch(factors):
    normals = [
        MultivariateNormal(m, scale_tril=f) for m, f in zip(MEANS, matrices(factors), strict=True)
    ]
    expected = [[kl_divergence(first, second) for second in normals] for first in normals]

    torch.testing.assert_close(normal_divergences(MEANS, factors), torch.tensor(expected).double())


def test_divergences_by_hand():
    # unit variances: half the squared distance of the means, (3^2 + 4^2) / 2
    means = torch.tensor([[0.0, 0.0], [3.0, 4.0]])

    assert normal_divergences(means, torch.ones(2)).tolist() == [[0, 12.5], [12.5, 0]]


@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_inverse_variances_are_diagonals_of_inverted_covariances(factors):
    full = matrices(factors)
    expected = torch.stack([(f @ f.T).inverse().diagonal() for f in full])

    torch.testing.assert_close(inverse_variances(factors, D), expected)


def test_the_distance_from_uniform_weights_by_hand():
    # (3/4 - 1/2)^2 and (1/4 - 1/2)^2, both 1/16
    assert distance_from_uniform_weights(torch.tensor([0.75, 0.25]).log()).item() == 1 / 16
    assert distance_from_uniform_weights(torch.tensor([0.5, 0.5]).log()).item() == 0


@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_gradients_of_losses_of_mixtures(factors):
    means, factors = (t.clone().requires_grad_() for t in (MEANS, factors))
    logits = draw(K).requires_grad_()
    densities = draw(N, K).requires_grad_()

    assert torch.autograd.gradcheck(normal_divergences, (means, factors))
    assert torch.autograd.gradcheck(lambda f: inverse_variances(f, D), factors)
    assert torch.autograd.gradcheck(
        lambda d, x: mixture_negative_log_likelihood(d, x.log_softmax(0)), (densities, logits)
    )
    assert torch.autograd.gradcheck(
        lambda x: distance_from_uniform_weights(x.log_softmax(0)), logits
    )
