"""Mixtures of normal and of Cauchy distributions.

The scale of a component is a factor L with covariance L L^T, in one of three forms: (k,) for a
multiple of the identity, (k, d) for a diagonal, (k, d, d) for a lower triangular matrix.
"""

import math

import torch
from torch import Tensor

from dcrf.functional.assignments import squared_distances

_SPHERICAL, _DIAGONAL = 1, 2


def squared_mahalanobis(features: Tensor, means: Tensor, factors: Tensor) -> Tensor:
    """Return the squared Mahalanobis distances (n, k) of features (n, d) to means (k, d).

    Args:
        features: (n, d).
        means: (k, d).
        factors: (k,), (k, d) or (k, d, d), with positive diagonals.
    """
    if factors.ndim == _SPHERICAL:
        return squared_distances(features, means) / factors.square()
    columns = []
    for mean, factor in zip(means, factors, strict=True):  # (n, k, d) would take k times the memory
        difference = features - mean
        if factors.ndim == _DIAGONAL:
            whitened = difference / factor
        else:
            whitened = torch.linalg.solve_triangular(factor, difference.T, upper=False).T
        columns.append(whitened.square().sum(dim=1))
    return torch.stack(columns, dim=1)


def log_determinants(factors: Tensor, n_dimensions: int) -> Tensor:
    """Return the natural logarithms (k,) of the determinants of factors."""
    if factors.ndim == _SPHERICAL:
        return n_dimensions * factors.log()
    diagonals = factors if factors.ndim == _DIAGONAL else factors.diagonal(dim1=1, dim2=2)
    return diagonals.log().sum(dim=1)


def normal_log_densities(features: Tensor, means: Tensor, factors: Tensor) -> Tensor:
    """Return log N(x; mu_k, L_k L_k^T), (n, k), of features (n, d).

    Source: Bishop, Pattern Recognition and Machine Learning, 2006, eq. 2.43.
    """
    n_dimensions = features.shape[1]
    normalization = n_dimensions / 2 * math.log(2 * math.pi) + log_determinants(
        factors, n_dimensions
    )
    return -squared_mahalanobis(features, means, factors) / 2 - normalization


def cauchy_log_densities(features: Tensor, means: Tensor, factors: Tensor) -> Tensor:
    """Return the log densities (n, k) of multivariate Cauchy distributions at features (n, d).

    A Cauchy distribution is a Student's t distribution with one degree of freedom.

    Source: Kotz, Nadarajah, Multivariate t Distributions and Their Applications, 2004, eq. 1.1,
        with one degree of freedom.
    """
    n_dimensions = features.shape[1]
    exponent = (1 + n_dimensions) / 2
    constant = math.lgamma(exponent) - math.lgamma(0.5) - n_dimensions / 2 * math.log(math.pi)
    squared = squared_mahalanobis(features, means, factors)
    return constant - log_determinants(factors, n_dimensions) - exponent * squared.log1p()


def mixture_log_assignments(log_densities: Tensor, log_weights: Tensor) -> Tensor:
    """Return the log responsibilities (n, k) of the components of a mixture.

    Args:
        log_densities: (n, k), of every component at every sample.
        log_weights: (k,), the exp sums to 1.

    Source: Bishop, Pattern Recognition and Machine Learning, 2006, eq. 9.23.
    """
    return (log_densities + log_weights).log_softmax(dim=1)


def mixture_negative_log_likelihood(log_densities: Tensor, log_weights: Tensor) -> Tensor:
    """Return the mean over samples of -log sum_k pi_k p_k(x), a scalar in nats.

    Args:
        log_densities: log p_k(x), (n, k), of every component at every sample.
        log_weights: log pi_k, (k,), the exp sums to 1.

    Source: Bishop, Pattern Recognition and Machine Learning, 2006, eq. 9.14, divided by -n; as a
        clustering loss in https://github.com/aciobanusebi/deep-clustering.
    """
    return -(log_densities + log_weights).logsumexp(dim=1).mean()


def normal_divergences(means: Tensor, factors: Tensor) -> Tensor:
    """Return KL(N_i || N_j), (k, k), >= 0 and in nats, between the components of a mixture.

    Args:
        means: (k, d).
        factors: (k,), (k, d) or (k, d, d), with positive diagonals.

    Source: Kullback, Information Theory and Statistics, 1959, section 9.1.
    """
    n_dimensions = means.shape[1]
    if factors.ndim == _SPHERICAL:
        traces = n_dimensions * (factors.unsqueeze(1) / factors).square()
    elif factors.ndim == _DIAGONAL:
        traces = (factors.unsqueeze(1) / factors).square().sum(dim=2)
    else:
        whitened = torch.linalg.solve_triangular(factors, factors.unsqueeze(1), upper=False)
        traces = whitened.square().sum(dim=(2, 3))
    determinants = log_determinants(factors, n_dimensions)
    distances = squared_mahalanobis(means, means, factors)
    return (traces + distances - n_dimensions) / 2 + determinants - determinants.unsqueeze(1)


def inverse_variances(factors: Tensor, n_dimensions: int) -> Tensor:
    """Return the diagonals (k, d) of the inverses of covariances L L^T.

    Args:
        factors: (k,), (k, d) or (k, d, d), with positive diagonals.
        n_dimensions: d.
    """
    if factors.ndim == _SPHERICAL:
        return factors.square().reciprocal().unsqueeze(1).expand(-1, n_dimensions)
    if factors.ndim == _DIAGONAL:
        return factors.square().reciprocal()
    identity = torch.eye(n_dimensions, dtype=factors.dtype, device=factors.device)
    inverses = torch.linalg.solve_triangular(factors, identity.expand_as(factors), upper=False)
    return inverses.square().sum(dim=1)


def distance_from_uniform_weights(log_weights: Tensor) -> Tensor:
    """Return the mean square of the differences of weights from 1 / k, a scalar >= 0.

    Args:
        log_weights: (k,), the exp sums to 1.

    Source: `reg_logits` of https://github.com/aciobanusebi/deep-clustering.
    """
    return (log_weights.exp() - 1 / len(log_weights)).square().mean()


def axis_points(n_points: int, n_dimensions: int, scale: float) -> Tensor:
    """Return points (k, d): point k is `scale` at coordinate k, and `-scale` at all others.

    Any two points have the squared distance 8 scale^2.

    Args:
        n_points: k.
        n_dimensions: d, >= k.
        scale: > 0.

    Source: the fixed representatives of https://github.com/aciobanusebi/deep-clustering.
    """
    points = torch.full((n_points, n_dimensions), -scale)
    return points.fill_diagonal_(scale)
