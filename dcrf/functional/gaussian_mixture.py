"""Densities and posterior probabilities of Gaussian mixtures."""

import math

import torch
from torch import Tensor


def gaussian_log_densities(features: Tensor, means: Tensor, factors: Tensor) -> Tensor:
    """Log densities of normal distributions (Bishop 2006, eq. 2.43).

    log N(x | mu, S) = -(d log 2 pi + log |S| + (x - mu)' S^-1 (x - mu)) / 2, with S = L L'.

    Args:
        features: (n, d).
        means: (k, d), mu.
        factors: lower triangular Cholesky factors L (k, d, d), or (1, d, d) for one covariance of
            all; or standard deviations (k, d), or (k, 1) for spherical ones, > 0.

    Returns:
        (n, k), in nats.
    """
    differences = features.unsqueeze(0) - means.unsqueeze(1)  # (k, n, d)
    if factors.ndim == means.ndim:
        deviations = factors.expand_as(means)
        whitened = differences / deviations.unsqueeze(1)
    else:
        deviations = factors.diagonal(dim1=1, dim2=2)
        solved = torch.linalg.solve_triangular(factors, differences.mT, upper=False)
        whitened = solved.mT
    log_determinants = 2 * deviations.log().sum(dim=1, keepdim=True)  # (k or 1, 1)
    constant = means.shape[1] * math.log(2 * math.pi)
    return -0.5 * (constant + log_determinants + whitened.square().sum(dim=2)).T


def mixture_log_assignments(log_weights: Tensor, log_densities: Tensor) -> Tensor:
    """Log posterior probabilities of the components of a mixture (Bishop 2006, eq. 9.23).

    gamma_ij = pi_j p_j(x_i) / sum_l pi_l p_l(x_i).

    Args:
        log_weights: (k,) log mixing coefficients log pi.
        log_densities: (n, k) log p_j(x_i).

    Returns:
        (n, k) natural-log probabilities; every row's exp sums to 1.
    """
    return (log_weights + log_densities).log_softmax(dim=1)
