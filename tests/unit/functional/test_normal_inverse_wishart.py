"""The conjugate prior of normal distributions, against densities of SciPy and hand values."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import invwishart, multivariate_normal, multivariate_t
from torch import Generator

from dcrf.functional.normal_inverse_wishart import (
    NormalInverseWishart,
    log_marginal_likelihoods,
    log_split_ratios,
    moments,
    most_probable_normals,
    pooled,
)

D = 3


@pytest.fixture
def samples():
    return torch.randn(12, D, generator=Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def prior():
    scatter = torch.tensor([[2.0, 0.3, 0.0], [0.3, 1.0, 0.1], [0.0, 0.1, 0.5]]).double()
    mean = torch.tensor([0.5, -1.0, 0.25]).double()
    return NormalInverseWishart(mean, 0.7, 5.5, scatter)


def whole(samples):
    return moments(samples, torch.ones(len(samples), 1, dtype=torch.float64))


def test_moments_are_weighted_means_and_scatters(samples):
    weights = torch.rand(12, 2, generator=Generator().manual_seed(1), dtype=torch.float64)

    of = moments(samples, weights)

    for cluster, column in enumerate(weights.T.numpy()):
        assert float(of.counts[cluster]) == pytest.approx(column.sum())
        np.testing.assert_allclose(of.means[cluster], np.average(samples, axis=0, weights=column))
        covariance = np.cov(samples.T, aweights=column, ddof=0)
        np.testing.assert_allclose(of.scatters[cluster] / of.counts[cluster], covariance)


def test_pooled_moments_are_those_of_all_samples(samples):
    together = pooled(whole(samples[:5]), whole(samples[5:]))

    for name in ("counts", "means", "scatters"):
        torch.testing.assert_close(getattr(together, name), getattr(whole(samples), name))


def test_the_marginal_likelihood_is_the_product_of_predictive_densities(samples, prior):
    """Each sample given those before it has a t distribution (Murphy 2007, eq. 258)."""
    mean, strength, degrees = prior.mean.numpy(), prior.strength, prior.degrees
    scatter, expected = prior.scatter.numpy(), 0.0
    for sample in samples.numpy():
        df = degrees - D + 1
        shape = scatter * (strength + 1) / (strength * df)
        expected += multivariate_t.logpdf(sample, mean, shape, df)
        difference = sample - mean
        scatter = scatter + strength / (strength + 1) * np.outer(difference, difference)
        mean = (strength * mean + sample) / (strength + 1)
        strength, degrees = strength + 1, degrees + 1

    assert float(log_marginal_likelihoods(whole(samples), prior)) == pytest.approx(expected)


def test_one_number_has_the_density_of_a_t_distribution():
    """nu 1, kappa 1, S 1, m 0: x / sqrt(2) is Cauchy, with 1 / (pi sqrt(2)) at x = 0."""
    unit = torch.ones(1, dtype=torch.float64)
    prior = NormalInverseWishart(0 * unit, 1.0, 1.0, unit.reshape(1, 1))

    value = log_marginal_likelihoods(whole(torch.zeros(1, 1, dtype=torch.float64)), prior)

    assert float(value) == pytest.approx(-math.log(math.pi * math.sqrt(2)))


def test_the_most_probable_normal_is_the_mode_of_the_posterior(samples, prior):
    def negative_log_posterior(numbers):
        mean, factor = numbers[:D], np.zeros((D, D))
        factor[np.tril_indices(D)] = numbers[D:]
        covariance = factor @ factor.T
        density = invwishart.logpdf(covariance, prior.degrees, prior.scatter.numpy())
        density += multivariate_normal.logpdf(mean, prior.mean, covariance / prior.strength)
        return -density - multivariate_normal.logpdf(samples, mean, covariance).sum()

    start = np.concatenate([np.zeros(D), np.eye(D)[np.tril_indices(D)]])
    found = minimize(negative_log_posterior, start, method="BFGS", options={"gtol": 1e-4}).x
    factor = np.zeros((D, D))
    factor[np.tril_indices(D)] = found[D:]

    (mean,), (covariance,) = most_probable_normals(whole(samples), prior)

    np.testing.assert_allclose(mean, found[:D], atol=1e-4)
    np.testing.assert_allclose(covariance, factor @ factor.T, atol=1e-4)


def test_a_split_needs_a_gap(samples, prior):
    apart = samples[:6] + 20

    def ratio(first, second, concentration=1.0):
        return float(log_split_ratios(whole(first), whole(second), prior, concentration))

    assert ratio(apart, samples[6:]) > 0
    assert ratio(samples[:6], samples[6:]) < 0
    assert ratio(apart, samples[6:], math.e) == pytest.approx(ratio(apart, samples[6:]) + 1)
    assert ratio(samples[:6], apart) == pytest.approx(ratio(apart, samples[:6]))


def test_a_split_ratio_by_hand():
    """Counts 1 and 1 at 0, with the prior above: 1 * f(0)^2 / f(0, 0), Gamma(1)^2 / Gamma(2)."""
    unit = torch.ones(1, dtype=torch.float64)
    prior = NormalInverseWishart(0 * unit, 1.0, 1.0, unit.reshape(1, 1))
    zero = whole(torch.zeros(1, 1, dtype=torch.float64))
    one = 1 / (math.pi * math.sqrt(2))
    # two zeros: pi^-1 Gamma(3/2) / Gamma(1/2) 3^(-1/2) = 1 / (2 pi sqrt(3))
    two = 1 / (2 * math.pi * math.sqrt(3))

    assert float(log_split_ratios(zero, zero, prior, 1.0)) == pytest.approx(math.log(one**2 / two))
