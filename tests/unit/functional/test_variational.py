"""Bounds, against loops over samples, components and dimensions, and torch's distributions."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from dcrf.functional.mixtures import mixture_log_assignments, normal_log_densities
from dcrf.functional.variational import (
    bernoulli_negative_log_likelihood,
    divergence_from_mixture,
    divergence_from_standard_normal,
    normal_negative_log_likelihood,
    reparameterize,
)

N, K, D = 5, 3, 4


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).double()


MEAN, LOG_VARIANCE, CODES = draw(N, D), draw(N, D) / 3, draw(N, D + 1)[:, :D]
MEANS, DEVIATIONS, LOG_WEIGHTS = draw(K, D), draw(K, D).abs() + 0.5, draw(K).log_softmax(0)
FULL = draw(K, D, D).tril(-1) + torch.diag_embed(DEVIATIONS)
FORMS = {"spherical": DEVIATIONS[:, 0], "diagonal": DEVIATIONS, "full": FULL}


def responsibilities(factors):
    return mixture_log_assignments(normal_log_densities(CODES, MEANS, factors), LOG_WEIGHTS)


def slow_divergence():
    """All terms of VaDE's bound but the reconstruction, as the paper writes them."""
    total = 0.0
    log_gamma = responsibilities(DEVIATIONS)
    for i in range(N):
        bound = 0.0
        for c in range(K):
            gamma, inner = log_gamma[i, c].exp().item(), 0.0
            for j in range(D):
                variance = DEVIATIONS[c, j].item() ** 2
                inner += math.log(variance)
                inner += math.exp(LOG_VARIANCE[i, j].item()) / variance
                inner += (MEAN[i, j].item() - MEANS[c, j].item()) ** 2 / variance
            bound -= gamma * inner / 2
            bound += gamma * (LOG_WEIGHTS[c].item() - math.log(gamma))
        for j in range(D):
            bound += (1 + LOG_VARIANCE[i, j].item()) / 2
        total -= bound
    return total / N


def test_the_divergence_from_a_mixture_has_all_terms_of_the_paper():
    loss = divergence_from_mixture(
        MEAN, LOG_VARIANCE, responsibilities(DEVIATIONS), MEANS, DEVIATIONS, LOG_WEIGHTS
    )

    assert loss.item() == pytest.approx(slow_divergence())


@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_the_divergence_from_a_mixture_is_an_expectation_over_codes(factors):
    """Of log q(z|x) + log gamma - log p(z|c) - log pi, by the mean over 200,000 draws."""
    log_gamma = responsibilities(factors)
    noise = torch.randn(200_000, D, generator=torch.Generator().manual_seed(0)).double()
    expected = []
    for mean, log_variance, own in zip(MEAN, LOG_VARIANCE, log_gamma, strict=True):
        codes = reparameterize(mean, log_variance, noise)
        log_q = Normal(mean, (log_variance / 2).exp()).log_prob(codes).sum(1, keepdim=True)
        terms = log_q + own - normal_log_densities(codes, MEANS, factors) - LOG_WEIGHTS
        expected.append((own.exp() * terms).sum(1).mean())

    loss = divergence_from_mixture(MEAN, LOG_VARIANCE, log_gamma, MEANS, factors, LOG_WEIGHTS)

    assert loss.item() == pytest.approx(torch.stack(expected).mean().item(), rel=0.01)


def test_a_mixture_of_one_standard_normal_component_is_the_prior_of_a_vae():
    nothing = torch.zeros(N, 1).double()
    mean, factor, weight = torch.zeros(1, D).double(), torch.ones(1).double(), torch.zeros(1)

    loss = divergence_from_mixture(MEAN, LOG_VARIANCE, nothing, mean, factor, weight.double())

    torch.testing.assert_close(loss, divergence_from_standard_normal(MEAN, LOG_VARIANCE))


def test_a_component_that_no_sample_has_adds_nothing():
    log_gamma = torch.tensor([[0.0, -2000.0]]).double()
    loss = divergence_from_mixture(
        MEAN[:1], LOG_VARIANCE[:1], log_gamma, MEANS[:2], DEVIATIONS[:2], LOG_WEIGHTS[:2]
    )

    assert loss.isfinite()


def test_the_divergence_from_a_standard_normal_is_that_of_torch():
    posteriors = Normal(MEAN, (LOG_VARIANCE / 2).exp())
    expected = kl_divergence(posteriors, Normal(torch.zeros(D), torch.ones(D))).sum(1).mean()

    torch.testing.assert_close(divergence_from_standard_normal(MEAN, LOG_VARIANCE), expected)


def test_divergences_from_a_standard_normal_by_hand():
    zero = torch.zeros(2, 3)

    assert divergence_from_standard_normal(zero, zero).item() == 0
    assert divergence_from_standard_normal(zero + 2, zero).item() == 6  # 3 times 2^2 / 2


def test_likelihoods_are_those_of_torch():
    logits, targets = draw(N, 2, 3), torch.rand(N, 2, 3).double()
    bits = (targets > 0.5).double()
    bernoulli = -Bernoulli(logits=logits).log_prob(bits).sum((1, 2)).mean()
    normal = -Normal(logits, math.sqrt(0.3)).log_prob(targets).sum((1, 2)).mean()

    torch.testing.assert_close(bernoulli_negative_log_likelihood(logits, bits), bernoulli)
    torch.testing.assert_close(normal_negative_log_likelihood(logits, targets, 0.3), normal)


def test_gray_values_weight_the_likelihoods_of_both_bits():
    gray = torch.full((1, 2), 0.25)
    loss = bernoulli_negative_log_likelihood(torch.zeros(1, 2), gray)

    assert loss.item() == pytest.approx(2 * math.log(2))


def test_outputs_may_be_flat_and_must_have_as_many_elements():
    outputs, targets = draw(N, 6), torch.rand(N, 1, 2, 3).double()
    for loss in (
        bernoulli_negative_log_likelihood,
        lambda o, t: normal_negative_log_likelihood(o, t, 1.0),
    ):
        torch.testing.assert_close(loss(outputs, targets), loss(outputs, targets.flatten(1)))
        with pytest.raises(ValueError, match="numbers of elements differ"):
            loss(outputs[:, :1], targets)


def test_half_a_variance_is_the_squared_error_and_a_constant():
    outputs, targets = draw(N, 6), draw(N, 6, 1)
    expected = (outputs - targets[:, :, 0]).square().sum(1).mean() + 3 * math.log(math.pi)

    torch.testing.assert_close(normal_negative_log_likelihood(outputs, targets, 0.5), expected)


@pytest.mark.parametrize("factors", FORMS.values(), ids=FORMS)
def test_gradients(factors):
    values = [MEAN, LOG_VARIANCE, responsibilities(factors), MEANS, factors, LOG_WEIGHTS]
    values = [value.detach().clone().requires_grad_() for value in values]

    assert torch.autograd.gradcheck(divergence_from_mixture, values)
    assert torch.autograd.gradcheck(divergence_from_standard_normal, values[:2])
    assert torch.autograd.gradcheck(lambda m, v: reparameterize(m, v, CODES), values[:2])
    targets = torch.rand(N, D).double()
    assert torch.autograd.gradcheck(
        lambda m: bernoulli_negative_log_likelihood(m, targets), values[:1]
    )
    assert torch.autograd.gradcheck(
        lambda m: normal_negative_log_likelihood(m, targets, 0.5), values[:1]
    )
