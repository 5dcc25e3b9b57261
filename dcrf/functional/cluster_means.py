"""Means of the rows of each cluster."""

import torch
from torch import Tensor


def cluster_means(rows: Tensor, clusters: Tensor, means: Tensor) -> Tensor:
    """Return the mean (k, d) of the rows of each cluster.

    Args:
        rows: (n, d).
        clusters: (n,) int64 in [0, k).
        means: (k, d), kept by clusters without rows.

    Source: Song, Liu, Huang, Wang, Tan, CIARP 2013, eq. 5, DOI 10.1007/978-3-642-41822-8_15.
    """
    sums = torch.zeros_like(means, dtype=torch.float64).index_add(0, clusters, rows.double())
    counts = sums.new_zeros(len(means)).index_add(0, clusters, sums.new_ones(len(rows)))
    new_means = (sums / counts.clamp_min(1).unsqueeze(1)).to(means)
    return torch.where(counts.unsqueeze(1) > 0, new_means, means)
