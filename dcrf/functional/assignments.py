"""Soft assignments of samples to clusters, in log space. Tensors in, tensors out."""

import math

import torch
from torch import Tensor


def squared_distances(features: Tensor, centroids: Tensor) -> Tensor:
    """Squared Euclidean distances, by differences.

    The expanded form |a|^2 - 2ab + |b|^2 needs less memory, but loses all digits in float32 where
    close points lie far from the origin.

    Args:
        features: (n, d).
        centroids: (k, d), or (n, 1, d) where every row has one of its own.

    Returns:
        (n, k), or (n, 1); >= 0.

    Raises:
        ValueError: the numbers of dimensions differ.
    """
    if features.shape[-1] != centroids.shape[-1]:  # broadcasting may give a number all the same
        raise ValueError(
            f"points in {features.shape[-1]} dimensions have no distance to points in "
            f"{centroids.shape[-1]}"
        )
    return (features.unsqueeze(1) - centroids).square().sum(dim=2)


def student_t_log_assignments(features: Tensor, centroids: Tensor, dof: float = 1.0) -> Tensor:
    """Log soft assignments under a Student's-t kernel (DEC eq. 1, arXiv:1511.06335).

    Args:
        features: (n, d) feature representations.
        centroids: (k, d) feature-space centroids.
        dof: degrees of freedom, > 0; the paper uses 1.

    Returns:
        (n, k) natural-log probabilities; every row's exp sums to 1.
    """
    log_kernel = -0.5 * (dof + 1.0) * torch.log1p(squared_distances(features, centroids) / dof)
    return log_kernel.log_softmax(dim=1)


def gaussian_log_assignments(
    features: Tensor, centroids: Tensor, inverse_temperature: float
) -> Tensor:
    """Log soft assignments of deep k-means: log G of arXiv:1806.10069, section 3.

    Args:
        features: (n, d) feature representations.
        centroids: (k, d) feature-space centroids.
        inverse_temperature: alpha, factor of the squared distance, > 0.

    Returns:
        (n, k) natural-log probabilities; every row's exp sums to 1.
    """
    return (-inverse_temperature * squared_distances(features, centroids)).log_softmax(dim=1)


def nearest_center_log_assignments(features: Tensor, centers: Tensor) -> Tensor:
    """Log hard assignments to the nearest center. Memory grows with n k only, not with n k d.

    Args:
        features: (n, d) feature representations.
        centers: (k, d) cluster centers.

    Returns:
        (n, k): 0 for the nearest center (the first of equals), minus infinity for all others.
    """
    # by default cdist expands the square above 25 rows, and loses digits far from the origin
    distances = torch.cdist(features, centers, compute_mode="donot_use_mm_for_euclid_dist")
    nearest = distances.argmin(dim=1, keepdim=True)
    return torch.full_like(distances, -torch.inf).scatter(1, nearest, 0.0)


def annealed_inverse_temperature(
    initial: float, final: float, iterations_per_value: int, iteration: int
) -> float:
    """Inverse temperature of deep k-means in one iteration (arXiv:1806.10069, DKM-a).

    alpha_1 is `initial`, alpha_(i+1) = 2^(1 / ln(i+1)^2) alpha_i. From 0.1 the 40th value is 28.13.

    Args:
        initial: alpha_1, > 0.
        final: no value is larger.
        iterations_per_value: how many iterations keep a value, >= 1.
        iteration: counted from 0.

    Returns:
        alpha, at most `final`.
    """
    value = initial
    for i in range(1, iteration // iterations_per_value + 1):
        if value >= final:
            break
        value *= 2 ** (1 / math.log(i + 1) ** 2)
    return min(value, final)


def target_distribution(probs: Tensor) -> Tensor:
    """Sharpen soft assignments and even out cluster sizes (DEC eq. 3, arXiv:1511.06335).

    Args:
        probs: (n, k) soft assignments of the *whole* data set, rows summing to 1.

    Returns:
        (n, k) targets, rows summing to 1, detached from the graph.
    """
    probs = probs.detach()
    # an empty cluster has frequency 0, and 0 / 0 would turn every row into NaN
    frequencies = probs.sum(dim=0).clamp_min(torch.finfo(probs.dtype).tiny)
    weights = (probs / frequencies).mul_(probs)  # in place, since (n, k) may be large
    return weights.div_(weights.sum(dim=1, keepdim=True))
