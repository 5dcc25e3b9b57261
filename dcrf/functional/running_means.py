"""Running means of clusters: k-means by mini-batches."""

import torch
from torch import Tensor


def running_means(
    means: Tensor, counts: Tensor, rows: Tensor, clusters: Tensor
) -> tuple[Tensor, Tensor]:
    """Move each mean toward the rows of its cluster, with a rate of 1 / count (DCN, eq. 8).

    The paper takes one row after the other: c_k += 1, then m_k -= (m_k - row) / c_k. For rows
    whose clusters are given, that equals c_k -> c_k + r_k and m_k += sum (row - m_k) / (c_k + r_k)
    over the r_k rows of cluster k, in any order.

    Args:
        means: (k, d).
        counts: (k,) integers >= 0, the rows that each mean stands for. With 0, the mean is replaced
            by that of its rows.
        rows: (n, d).
        clusters: (n,) int64 in [0, k).

    Returns:
        New means (k, d) and counts (k,). A mean without rows is unchanged.

    Source: Yang, Fu, Sidiropoulos, Hong, ICML 2017, https://arxiv.org/abs/1610.04794; Sculley, WWW
        2010.
    """
    numbers = torch.arange(len(means), device=clusters.device)
    members = (clusters.unsqueeze(1) == numbers).to(rows.dtype)  # (n, k)
    new_counts = counts + members.sum(dim=0).to(counts.dtype)
    # a sum of differences, since a sum of rows far from zero loses digits
    moves = members.T @ (rows - means[clusters])
    return means + moves / new_counts.clamp_min(1).unsqueeze(1), new_counts
