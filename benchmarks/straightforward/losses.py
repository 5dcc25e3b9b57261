"""The losses, written from their papers: n samples, k clusters, d features, as probabilities.

Every loss is a scalar, a mean over samples or anchors; logarithms are natural.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def squared_error(outputs: Tensor, samples: Tensor) -> Tensor:
    """Squared error (n, ...), summed over the elements of a sample (Vincent et al., JMLR 2010)."""
    return ((outputs - samples) ** 2).flatten(1).sum(dim=1).mean()


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Contrast rows (n, d) of two views, 2n anchors (SimCLR, arXiv:2002.05709, eq. 1)."""
    n = len(first)
    rows = F.normalize(torch.cat([first, second]), dim=1)
    similarities = rows @ rows.T / temperature
    positives = torch.cat([similarities.diag(n), similarities.diag(-n)])
    is_other = ~torch.eye(2 * n, dtype=torch.bool)
    others = similarities[is_other].view(2 * n, 2 * n - 1)
    return (torch.logsumexp(others, dim=1) - positives).mean()


def cluster_contrast(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Contrast columns of assignments (n, k), 2k anchors (CC, arXiv:2009.09687, eq. 5-6)."""
    return nt_xent(first.T, second.T, temperature)


def negative_entropy(assignments: Tensor) -> Tensor:
    """Return log k - H(Y) for assignments (n, k) (CC, the entropy in eq. 7, in its code's form)."""
    shares = assignments.sum(dim=0) / assignments.sum()
    return math.log(assignments.shape[1]) + (shares * shares.log()).sum()


def squared_distances(features: Tensor, centroids: Tensor) -> Tensor:
    """Squared distances (n, k) of features (n, d) to centroids (k, d)."""
    return ((features[:, None] - centroids[None]) ** 2).sum(dim=2)


def student_t(features: Tensor, centroids: Tensor) -> Tensor:
    """Assignments (n, k) of features (n, d) to centroids (k, d) (DEC, arXiv:1511.06335, eq. 1)."""
    kernel = 1 / (1 + squared_distances(features, centroids))
    return kernel / kernel.sum(dim=1, keepdim=True)


def target_distribution(assignments: Tensor) -> Tensor:
    """Sharpen the assignments (N, k) of a whole data set (DEC, eq. 3)."""
    weights = assignments**2 / assignments.sum(dim=0)
    return weights / weights.sum(dim=1, keepdim=True)


def divergence(targets: Tensor, assignments: Tensor) -> Tensor:
    """KL(P || Q), P and Q (n, k), the mean over samples (DEC, eq. 2)."""
    return (torch.xlogy(targets, targets) - targets * assignments.log()).sum(dim=1).mean()


def soft_k_means(features: Tensor, centroids: Tensor, inverse_temperature: float) -> Tensor:
    """Squared distances weighted by their softmax (deep k-means, arXiv:1806.10069, eq. 3-4)."""
    distances = squared_distances(features, centroids)
    weights = torch.softmax(-inverse_temperature * distances, dim=1)
    return (weights * distances).sum(dim=1).mean()


def inverse_temperature(initial: float, final: float, each: int, iteration: int) -> float:
    """Alpha of deep k-means in an iteration, from 1: each value is kept for `each` iterations."""
    value = initial
    for i in range(1, (iteration - 1) // each + 1):
        value *= 2 ** (1 / math.log(i + 1) ** 2)
    return min(value, final)
