"""Assignments of samples to clusters, as natural-log probabilities, and their targets."""

import math
from types import MappingProxyType

import torch
from torch import Tensor


def squared_distances(features: Tensor, centroids: Tensor) -> Tensor:
    """Squared Euclidean distances, computed from differences.

    The expanded form |a|^2 - 2ab + |b|^2 needs less memory. In float32, it loses all digits for
    close points far from the origin.

    Args:
        features: (n, d).
        centroids: (k, d), or (n, 1, d) with one point for each row.

    Returns:
        (n, k), or (n, 1); >= 0.

    Raises:
        ValueError: features and centroids differ in d.
    """
    if features.shape[-1] != centroids.shape[-1]:  # a width of 1 would broadcast
        raise ValueError(
            f"points in {features.shape[-1]} dimensions have no distance to points in "
            f"{centroids.shape[-1]}"
        )
    return (features.unsqueeze(1) - centroids).square().sum(dim=2)


def student_t_log_assignments(features: Tensor, centroids: Tensor, dof: float = 1.0) -> Tensor:
    """Log soft assignments under a Student's-t kernel (DEC, arXiv:1511.06335, eq. 1).

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
    """Log soft assignments under a Gaussian kernel (log G of deep k-means, arXiv:1806.10069).

    Args:
        features: (n, d) feature representations.
        centroids: (k, d) feature-space centroids.
        inverse_temperature: alpha, the factor of the squared distance, > 0.

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


def hard_log_assignments(clusters: Tensor, n_clusters: int) -> Tensor:
    """Log-assignments that give each sample to one cluster, or to none.

    Args:
        clusters: (n,) int64, -1 for noise.
        n_clusters: k.

    Returns:
        (n, k): 0 for the cluster of a sample, minus infinity for all others.
    """
    own = clusters.unsqueeze(1) == torch.arange(n_clusters, device=clusters.device)
    return torch.zeros(own.shape, device=clusters.device).masked_fill(~own, -torch.inf)


def most_probable_clusters(log_assignments: Tensor) -> Tensor:
    """Return (n,) int64 clusters of log-assignments (n, k).

    The first of equally probable ones; -1 for noise, a row of minus infinity.
    """
    is_noise = log_assignments.isneginf().all(dim=1)
    return log_assignments.argmax(dim=1).masked_fill(is_noise, -1)


def annealed_inverse_temperature(
    initial: float, final: float, iterations_per_value: int, iteration: int
) -> float:
    """Inverse temperature of deep k-means at one iteration (DKM-a, arXiv:1806.10069).

    alpha_1 is `initial`, and alpha_(i+1) = 2^(1 / ln(i+1)^2) alpha_i. With alpha_1 = 0.1, alpha_40
    is 28.13.

    Args:
        initial: alpha_1, > 0.
        final: upper bound of alpha.
        iterations_per_value: iterations between two values, >= 1.
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


FREQUENCY_EXPONENTS: MappingProxyType[str, float] = MappingProxyType(
    {"frequency": 1.0, "root_of_frequency": 0.5, "none": 0.0}
)
"""Normalization of a target distribution -> the exponent of the cluster frequency."""


def target_distribution(
    probs: Tensor, power: float = 2.0, normalization: str = "frequency"
) -> Tensor:
    """Sharpen soft assignments and balance cluster sizes.

    p_ij is proportional to q_ij^power / f_j^e, with the cluster frequency f_j = sum_i q_ij. DEC has
    power 2 and e = 1 (arXiv:1511.06335, eq. 3). DEPICT has power 1 and e = 1/2, the closed form of
    its target (arXiv:1704.06327). DBC has e = 0 (arXiv:1703.07980).

    Args:
        probs: (n, k) soft assignments, rows summing to 1.
        power: the exponent of q, from 1 to 8. In float32, a greater one can turn whole rows to 0.
        normalization: `frequency` (e = 1), `root_of_frequency` (e = 1/2) or `none` (e = 0).

    Returns:
        (n, k) targets without gradient, rows summing to 1.
    """
    probs = probs.detach()
    # the frequency of an empty cluster is 0, and 0 / 0 would make every row NaN
    frequencies = probs.sum(dim=0).clamp_min(torch.finfo(probs.dtype).tiny)
    weights = probs / frequencies.pow(FREQUENCY_EXPONENTS[normalization])
    weights.mul_(probs.pow(power - 1))  # in place, since (n, k) may be large
    return weights.div_(weights.sum(dim=1, keepdim=True))
