"""Merging clusters whose union has a single mode (DipDECK)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from dcrf.functional.assignments import squared_distances
from dcrf.functional.cluster_means import cluster_means
from dcrf.functional.dip import dip_of_sorted, dip_p_value

_SMALLEST_DISTANCE = 1e-12


class Merged(NamedTuple):
    """Clusters after merges.

    clusters: (n,) int64 in [0, k).
    means: (k, d).
    p_values: (k, k), symmetric, of pairs of clusters; 0 on the diagonal.
    """

    clusters: Tensor
    means: Tensor
    p_values: Tensor


def pair_p_value(first: Tensor, second: Tensor, largest_ratio: float) -> float:
    """Return the p-value of the dip of two clusters on the line through their means.

    Of a cluster more than `largest_ratio` times as large as the other, only its samples nearest to
    the mean of the other count. Without samples, the p-value is 0.

    Args:
        first: (m, d), the samples of a cluster.
        second: (n, d), those of the other.
        largest_ratio: of their sizes, >= 1.

    Source: Leiber et al., KDD 2021, section 3.2, DOI 10.1145/3447548.3467316.
    """
    if not (len(first) and len(second)):
        return 0.0
    means = first.mean(dim=0), second.mean(dim=0)
    most = int(min(len(first), len(second)) * largest_ratio)
    pairs = ((first, means[1]), (second, means[0]))
    counted = [rows[(rows - other).square().sum(dim=1).argsort()[:most]] for rows, other in pairs]
    values = torch.cat(counted).double() @ (means[0] - means[1]).double()
    return dip_p_value(dip_of_sorted(values.sort().values.cpu().numpy()).dip, len(values))


def pair_p_values(groups: Sequence[Tensor], largest_ratio: float) -> Tensor:
    """Return (k, k) float64: `pair_p_value` of each pair of clusters, 0 on the diagonal.

    Args:
        groups: the samples (n_i, d) of each cluster.
        largest_ratio: as in `pair_p_value`.
    """
    p_values = torch.zeros(len(groups), len(groups), dtype=torch.float64)
    for n, second in enumerate(groups):
        for m, first in enumerate(groups[:n]):
            p_values[m, n] = p_values[n, m] = pair_p_value(first, second, largest_ratio)
    return p_values


def merged_by_dip(
    features: Tensor, clusters: Tensor, means: Tensor, threshold: float, largest_ratio: float
) -> Merged:
    """Merge the pair with the largest p-value until all are below a threshold.

    Args:
        features: (n, d).
        clusters: (n,) int64 in [0, k).
        means: (k, d), kept by clusters without samples.
        threshold: in (0, 1].
        largest_ratio: as in `pair_p_value`.

    Source: Leiber et al., KDD 2021, algorithm 1, DOI 10.1145/3447548.3467316.
    """
    means = cluster_means(features, clusters, means)
    groups = [features[clusters == cluster] for cluster in range(len(means))]
    p_values = pair_p_values(groups, largest_ratio)
    while len(groups) > 1 and p_values.max() >= threshold:
        m, n = sorted(divmod(int(p_values.argmax()), len(groups)))
        clusters = torch.where(clusters == n, m, clusters)
        clusters = clusters - (clusters > n).long()
        groups[m] = torch.cat([groups[m], groups.pop(n)])
        others = torch.tensor([cluster for cluster in range(len(p_values)) if cluster != n])
        p_values, means = p_values[others][:, others], means[others.to(means.device)]
        for k, other in enumerate(groups):
            if k != m:
                p_values[m, k] = p_values[k, m] = pair_p_value(groups[m], other, largest_ratio)
        means = cluster_means(features, clusters, means)
    return Merged(clusters, means, p_values.to(features))


def merging_loss(features: Tensor, centers: Tensor, p_values: Tensor, clusters: Tensor) -> Tensor:
    """Mean of sum_j r(c_i, j) |z_i - center_j|^2, times (1 + std(D)) / mean(D) (DipDECK).

    r has the rows of p_values + identity, divided by their sums; D are the distances of all pairs
    of centers. A single center has no D, and the factor 1.

    Args:
        features: (n, d).
        centers: (k, d).
        p_values: (k, k).
        clusters: (n,) int64 in [0, k).

    Source: Leiber et al., KDD 2021, eq. 3-5, DOI 10.1145/3447548.3467316.
    """
    relations = p_values + torch.eye(len(centers), dtype=p_values.dtype, device=p_values.device)
    relations = relations / relations.sum(dim=1, keepdim=True)
    distances = squared_distances(features, centers)
    loss = (relations.to(distances)[clusters] * distances).sum(dim=1).mean()
    if len(centers) == 1:
        return loss
    first, second = torch.triu_indices(len(centers), len(centers), 1, device=centers.device)
    squared = (centers[first] - centers[second]).square().sum(dim=1)
    between = squared.clamp_min(_SMALLEST_DISTANCE).sqrt()
    spread = between.std() if len(between) > 1 else 0.0
    return loss * (1 + spread) / between.mean()
