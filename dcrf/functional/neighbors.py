"""Nearest neighbors, and the consistency of their assignments (SCAN)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

_SCORES_AT_ONCE = 2**24
"""Numbers in a block of scores or of differences: 64 MiB in float32."""

Points = tuple[Tensor, Tensor]
"""Points (n, d) and offsets (n,). The larger a @ b + offset of b, the nearer is b to a."""


def _by_angle(features: Tensor) -> Points:
    return F.normalize(features, dim=1), features.new_zeros(len(features))


def _by_distance(features: Tensor) -> Points:
    """|a - b|^2 = |a|^2 - 2 (a @ b - |b|^2 / 2), around the mean, so that few digits are lost."""
    points = features - features.mean(dim=0)
    return points, -0.5 * points.square().sum(dim=1)


METRICS: Mapping[str, Callable[[Tensor], Points]] = MappingProxyType(
    {"cosine": _by_angle, "euclidean": _by_distance}
)
"""Name of a metric -> points whose inner products order the neighbors."""


def nearest_neighbors(
    features: Tensor, number: int, metric: str, scores_at_once: int = _SCORES_AT_ONCE
) -> Tensor:
    """Find the nearest neighbors of each row among all others, exactly, block by block.

    Args:
        features: (n, d).
        number: of neighbors, in [1, n - 1].
        metric: `cosine` or `euclidean`.
        scores_at_once: bound of the numbers in a block; one row is the least.

    Returns:
        (n, number) int64, the nearest first. No row is its own neighbor. Features on torch's meta
        device have a shape only, and so have their neighbors.
    """
    if features.is_meta:
        return features.new_empty(len(features), number, dtype=torch.int64)
    points, offsets = METRICS[metric](features)
    rows = torch.arange(len(points), device=points.device)
    blocks: list[Tensor] = []
    for block in rows.split(max(1, scores_at_once // len(points))):
        scores = torch.addmm(offsets, points[block], points.T)
        scores.scatter_(1, block.unsqueeze(1), -torch.inf)
        blocks.append(scores.topk(number, dim=1).indices)
    return torch.cat(blocks)


def neighbor_distances(
    features: Tensor, neighbors: Tensor, values_at_once: int = _SCORES_AT_ONCE
) -> Tensor:
    """Compute the Euclidean distances between rows and their neighbors, block by block.

    Args:
        features: (n, d).
        neighbors: (n, k) indices of rows.
        values_at_once: bound of the numbers in a block; one row with its neighbors is the least.

    Returns:
        (n, k) unsquared distances, from differences.
    """
    rows_at_once = max(1, values_at_once // max(1, neighbors.shape[1] * features.shape[1]))
    blocks = zip(features.split(rows_at_once), neighbors.split(rows_at_once), strict=True)
    return torch.cat(
        [(rows.unsqueeze(1) - features[near]).square().sum(2).sqrt() for rows, near in blocks]
    )


def neighbor_consistency(log_assignments: Tensor, neighbor_log_assignments: Tensor) -> Tensor:
    """Mean of -log <p, q> over pairs of neighbors (arXiv:2005.12320, eq. 2, first term).

    It is 0 only if both assign all probability to the same cluster.

    Args:
        log_assignments: (n, k) natural-log probabilities p.
        neighbor_log_assignments: (n, k), q of one neighbor of each sample.

    Returns:
        Scalar >= 0, in nats.
    """
    return -(log_assignments + neighbor_log_assignments).logsumexp(dim=1).mean()
