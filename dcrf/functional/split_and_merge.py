"""Merging two near clusters and splitting a wide one, with the number of clusters unchanged."""

import torch
from torch import Tensor

from dcrf.functional.cluster_means import cluster_means


def merge_costs(means: Tensor, counts: Tensor) -> Tensor:
    """Return (k, k): the increase of the squared distances to means if two clusters merge.

    n_i n_j / (n_i + n_j) |m_i - m_j|^2, infinite on the diagonal; 0 for a cluster without samples.

    Args:
        means: (k, d).
        counts: (k,), the numbers of samples.

    Source: Equitz, IEEE Trans. ASSP 37(10), 1989 (pairwise nearest neighbors), as Ward 1963.
    """
    weights = counts[:, None] * counts / (counts[:, None] + counts).clamp_min(1)
    costs = weights * (means[:, None] - means).square().sum(dim=2)
    return costs.fill_diagonal_(torch.inf)


def is_upper_half(rows: Tensor) -> Tensor:
    """Return (n,): whether rows (n, d) lie above their mean on their first principal axis.

    The sign of the axis is that of its largest coordinate by magnitude.
    """
    centered = rows - rows.mean(dim=0)
    axis = torch.linalg.eigh(centered.T @ centered).eigenvectors[:, -1]
    return centered @ (axis * axis[axis.abs().argmax()].sign()) > 0


def split_and_merge(
    features: Tensor, clusters: Tensor, means: Tensor, largest_number: int, least_ratio: float
) -> Tensor:
    """Return the means (k, d) after exchanges of a merge and a split.

    An exchange merges the two clusters that are cheapest to merge, and splits the other cluster
    whose split at its mean, on its first principal axis, lowers the squared distances most. It
    happens while the split saves more than `least_ratio` times the cost of the merge. With a ratio
    of at least 1, every exchange lowers the sum of squared distances to means.

    Args:
        features: (n, d).
        clusters: (n,) int64 in [0, k).
        means: (k, d), kept by clusters without samples.
        largest_number: of exchanges.
        least_ratio: > 0.

    Returns:
        (k, d): rows of clusters in no exchange are those of `means`, all others means of features.

    Source: Kaukoranta, Franti, Nevalainen, Optical Engineering 37(10), 1998, DOI 10.1117/1.601810,
        the variant that merges once for every split.
    """
    rows, clusters, result, n_clusters = features.double(), clusters.clone(), means, len(means)
    if n_clusters < 3:  # noqa: PLR2004 - two to merge, one to split
        return result
    for _ in range(largest_number):
        present = cluster_means(rows, clusters, result.double())
        counts = torch.bincount(clusters, minlength=n_clusters).double()
        costs = merge_costs(present, counts)
        pair = divmod(int(costs.argmin()), n_clusters)
        freed, kept = sorted(pair, key=lambda cluster: (counts[cluster], -cluster))
        halves = [_upper_half(rows, clusters, cluster) for cluster in range(n_clusters)]
        gains = torch.stack([_gain(rows, clusters == c, halves[c]) for c in range(n_clusters)])
        gains[[kept, freed]] = -torch.inf
        split = int(gains.argmax())
        if not gains[split] > least_ratio * costs[kept, freed]:
            break
        clusters[clusters == freed] = kept
        clusters[halves[split]] = freed
        changed = [kept, freed, split]
        result = result.clone()
        result[changed] = cluster_means(rows, clusters, present)[changed].to(result)
    return result


def _upper_half(rows: Tensor, clusters: Tensor, cluster: int) -> Tensor:
    """Return the indices of the rows of a cluster in its upper half."""
    members = (clusters == cluster).nonzero().squeeze(1)
    return members[is_upper_half(rows[members])] if len(members) > 1 else members[:0]


def _gain(rows: Tensor, is_member: Tensor, upper: Tensor) -> Tensor:
    """Return the decrease of the squared distances by a split, 0 for a half without rows."""
    is_lower = is_member.clone()
    is_lower[upper] = False
    lower = rows[is_lower]
    if not (len(upper) and len(lower)):
        return rows.new_zeros(())
    weight = len(upper) * len(lower) / (len(upper) + len(lower))
    return weight * (rows[upper].mean(dim=0) - lower.mean(dim=0)).square().sum()
