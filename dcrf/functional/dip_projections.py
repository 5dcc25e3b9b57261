"""Projections on which two clusters are apart by the dip (DipEncoder)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from dcrf.functional.dip import Values, dip_of_sorted, dip_statistic

_FEWEST_FOR_THRESHOLD = 4
"""Samples of a cluster that decide about other samples."""


class Thresholds(NamedTuple):
    """For each of p pairs of clusters, the value that divides their projections.

    values: (p,).
    is_first_below: (p,) booleans, whether the first cluster of the pair lies below it.
    can_vote: (p,) booleans, false if a cluster of the pair has fewer than 4 samples.
    """

    values: Tensor
    is_first_below: Tensor
    can_vote: Tensor


def pairs_of(n_clusters: int) -> Tensor:
    """Return the pairs (k (k - 1) / 2, 2) of clusters m < n, in the order of m, then n."""
    return torch.triu_indices(n_clusters, n_clusters, 1).T


def dip_separation(
    features: Tensor,
    clusters: Tensor,
    axes: Tensor,
    n_clusters: int,
    fewest: int,
    largest_ratio: float,
    generator: Generator,
) -> Tensor:
    """Mean over pairs of clusters of d_m^2 + d_n^2 - d_mn + 2 d_mn^2 (DipEncoder).

    d_m, d_n and d_mn are the dips of the samples of cluster m, of n, and of both, projected on the
    axis of the pair. The gradient is that of the paper: 1/2 (4 d_m) and 1/2 (4 d_n) times those of
    d_m and d_n, and -4 (1/4 - d_mn) times that of d_mn.

    Args:
        features: (n, d).
        clusters: (n,) int64 in [0, k).
        axes: (k (k - 1) / 2, d), in the order of `pairs_of`.
        n_clusters: k.
        fewest: a pair counts if both clusters have so many samples.
        largest_ratio: of the sizes of two clusters, >= 1. A larger cluster is drawn from.
        generator: of these draws.

    Returns:
        Scalar, the sum over the pairs that count, divided by the number of all pairs.

    Source: Leiber et al., KDD 2022, eq. 3-5, DOI 10.1145/3534678.3539407.
    """
    total = features.sum() * 0
    members = [(clusters == cluster).nonzero().flatten() for cluster in range(n_clusters)]
    for axis, (m, n) in zip(axes, pairs_of(n_clusters).tolist(), strict=True):
        first, second = members[m], members[n]
        if min(len(first), len(second)) < fewest:
            continue
        d_m, d_n = (dip_statistic(features[rows] @ axis) for rows in (first, second))
        both = torch.cat(_balanced(first, second, largest_ratio, generator))
        d_both = dip_statistic(features[both] @ axis)
        total = total + d_m.square() + d_n.square() - d_both + 2 * d_both.square()
    return total / max(len(axes), 1)


def _balanced(
    first: Tensor, second: Tensor, largest_ratio: float, generator: Generator
) -> list[Tensor]:
    """Draw from the larger of two groups until it is at most `largest_ratio` times the other."""
    sizes = len(first), len(second)
    most = int(min(sizes) * largest_ratio)
    return [
        rows[torch.randperm(len(rows), generator=generator)[:most].to(rows.device)]
        if len(rows) > most
        else rows
        for rows in (first, second)
    ]


def separating_thresholds(
    features: Tensor, clusters: Tensor, axes: Tensor, n_clusters: int
) -> Thresholds:
    """Return the thresholds midway between the modal intervals of the two clusters of each pair.

    Args:
        features: (n, d).
        clusters: (n,) int64 in [0, k).
        axes: (k (k - 1) / 2, d), in the order of `pairs_of`.
        n_clusters: k.

    Source: Leiber et al., KDD 2022, section 3.3, DOI 10.1145/3534678.3539407.
    """
    p = len(axes)
    values = torch.zeros(p, dtype=axes.dtype)
    below, votes = torch.zeros(p, dtype=torch.bool), torch.zeros(p, dtype=torch.bool)
    members = [features[clusters == cluster] for cluster in range(n_clusters)]
    for pair, (m, n) in enumerate(pairs_of(n_clusters).tolist()):
        if min(len(members[m]), len(members[n])) < _FEWEST_FOR_THRESHOLD:
            continue
        ranges = [
            main_mode((members[cluster] @ axes[pair]).sort().values.double().cpu().numpy())
            for cluster in (m, n)
        ]
        below[pair] = sum(ranges[0]) <= sum(ranges[1])
        left, right = ranges if below[pair] else reversed(ranges)
        values[pair], votes[pair] = (left[1] + right[0]) / 2, True
    return Thresholds(*(tensor.to(features.device) for tensor in (values, below, votes)))


def main_mode(values: Values) -> tuple[float, float]:
    """Return the ends of the modal interval of sorted values (n,), which holds most of a cluster.

    The dip of a single mode has a short modal interval. Mirrored at one of its ends, it becomes two
    modes, and the modal interval is one of them. The mirror image with the larger dip counts.

    Source: Maurus and Plant, KDD 2016, section 4.2, DOI 10.1145/2939672.2939740.
    """
    left_dip, left = _mode_of_mirrored(values)
    right_dip, right = _mode_of_mirrored(-values[::-1])
    return left if left_dip >= right_dip else (-right[1], -right[0])


def _mode_of_mirrored(values: Values) -> tuple[float, tuple[float, float]]:
    """Mirror sorted values (n,) at the lowest one; return the dip and the modal interval."""
    n = len(values)
    dip = dip_of_sorted(np.concatenate([2 * values[0] - values[::-1], values]))
    low, high = (number - n for number in dip.modal_interval)
    if high < 0:  # in the mirror image
        low, high = -1 - high, -1 - low
    elif low < 0:
        low, high = 0, max(high, -1 - low)
    return dip.dip, (float(values[low]), float(values[high]))


def votes_of_pairs(projections: Tensor, thresholds: Thresholds, n_clusters: int) -> Tensor:
    """Return the votes (n, k) of all pairs for the clusters of samples.

    Args:
        projections: (n, p), of each sample on the axis of each pair.
        thresholds: of the pairs.
        n_clusters: k.
    """
    first, second = pairs_of(n_clusters).to(projections.device).T
    is_first = (projections <= thresholds.values) == thresholds.is_first_below
    winners = torch.where(is_first, first, second)
    votes = torch.zeros(len(projections), n_clusters, device=projections.device)
    counted = thresholds.can_vote.to(votes.dtype).expand(len(projections), -1)
    return votes.scatter_add_(1, winners, counted)
