"""Gaussian mixtures against steps of expectation maximization by hand."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.clusterings.gaussian_mixture import GaussianMixture
from dcrf.errors import ClusteringError

TYPES = ["full", "diagonal", "spherical", "tied"]
REGULARIZATION = 1e-6


def fit(features, n_clusters, covariance_type="full", regularization=REGULARIZATION, restarts=1):
    clustering = GaussianMixture(
        covariance_type=covariance_type,
        regularization=regularization,
        num_restarts=restarts,
        max_em_steps=500,
    )
    return clustering.fit(features, n_clusters, Generator().manual_seed(0))


@pytest.fixture
def stretched():
    """Two long groups side by side, and the group of each sample."""
    generator = Generator().manual_seed(1)
    groups = torch.arange(2).repeat(200)
    noise = torch.randn(400, 2, generator=generator) * torch.tensor([2.2, 0.4])
    return noise + torch.stack([torch.zeros(400), 4.0 * groups], dim=1), groups


def responsibilities(points, weights, means, covariances):
    """Bishop 2006, eq. 9.23, sample by sample."""
    components = list(zip(weights, means, covariances, strict=True))
    table = np.array(
        [[w * multivariate_normal(m, c).pdf(x) for w, m, c in components] for x in points]
    )
    return table / table.sum(1, keepdims=True)


def maximized(points, shares, covariance_type):
    """Bishop 2006, eq. 9.24 to 9.26, with the covariances of each type."""
    sizes = shares.sum(0)
    means = (shares.T @ points) / sizes[:, None]
    width = points.shape[1]
    covariances = []
    for j, mean in enumerate(means):
        own = zip(shares[:, j], points - mean, strict=True)
        covariances.append(sum(share * np.outer(x, x) for share, x in own) / sizes[j])
    if covariance_type == "tied":
        covariances = [np.average(covariances, axis=0, weights=sizes)] * len(means)
    if covariance_type == "diagonal":
        covariances = [np.diag(np.diag(c)) for c in covariances]
    if covariance_type == "spherical":
        covariances = [np.trace(c) / width * np.eye(width) for c in covariances]
    return sizes / sizes.sum(), means, [c + REGULARIZATION * np.eye(width) for c in covariances]


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_fit_is_a_fixed_point_of_expectation_maximization(covariance_type):
    generator = Generator().manual_seed(4)
    means = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 5.0]])
    features = means.repeat(60, 1) + torch.randn(180, 2, generator=generator)
    points = features.double().numpy()
    fitted = fit(features, 3, covariance_type)
    shares = fitted.log_assignments(features.double()).exp().numpy()

    weights, means, covariances = maximized(points, shares, covariance_type)
    again = responsibilities(points, weights, means, covariances)

    assert np.abs(again - shares).max() < 0.02  # scikit-learn stops at a gain of 1e-3
    assert np.allclose(fitted.centers, means, atol=0.02)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("offset", [0, 1000])
def test_one_component_has_mean_and_covariance_of_the_samples(stretched, covariance_type, offset):
    features = stretched[0] + offset
    points = features.double().numpy()
    _, means, covariances = maximized(points, np.ones((400, 1)), covariance_type)

    fitted = fit(features, 1, covariance_type)
    factors = fitted.factors
    is_triangular = covariance_type in ("full", "tied")
    squares = factors @ factors.mT if is_triangular else torch.diag_embed(factors.expand(1, 2) ** 2)

    assert np.allclose(fitted.centers, means)
    assert np.allclose(squares[0], covariances[0])
    assert not fitted.log_assignments(features).any()


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_stretched_groups_are_found(stretched, covariance_type):
    features, groups = stretched

    clusters = fit(features, 2, covariance_type, restarts=10).log_assignments(features).argmax(1)

    assert adjusted_rand_score(groups, clusters) > 0.95


def test_new_samples_get_posterior_probabilities(stretched):
    fitted = fit(stretched[0], 2, restarts=10)

    shares = fitted.log_assignments(torch.tensor([[0.0, 0.0], [0.0, 2.0], [0.0, 4.0]])).exp()

    assert shares[0].max() > 0.99
    assert 0.01 < shares[1].max() < 0.99
    assert (shares[0] + shares[2] - 1).abs().max() < 0.01


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_covariance_that_is_not_positive_is_an_error(covariance_type):
    with pytest.raises(ClusteringError, match="not positive definite: raise regularization, now 0"):
        fit(torch.ones(20, 3), 2, covariance_type, regularization=0)


def test_a_direction_without_variance_needs_regularization(stretched):
    flat = torch.cat([stretched[0], torch.zeros(400, 1)], dim=1)

    assert fit(flat, 2).is_fitted
    with pytest.raises(ClusteringError, match="covariance_type diagonal or spherical"):
        fit(flat, 2, regularization=0)
