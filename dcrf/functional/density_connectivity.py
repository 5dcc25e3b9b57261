"""Density-connectivity distances: the weakest link on the best path between samples (SHADE)."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_DISTANCES_AT_ONCE = 2**24
"""Numbers in a block of distances: 128 MiB in float64."""


class Dendrogram(NamedTuple):
    """Samples in an order in which every cluster of single linkage is a run.

    places: (n,) int64, the place of each sample in the order.
    gaps: (n - 1,), >= 0. The largest of the gaps p, ..., q - 1 is the distance of the samples at
        the places p < q.
    """

    places: Tensor
    gaps: Tensor


def density_dendrogram(rows: Tensor, min_points: int) -> Dendrogram:
    """Return the single-linkage dendrogram of mutual reachability distances.

    The mutual reachability of two rows is the largest of their distance and of their core
    distances. The core distance of a row is that to its `min_points`-th nearest row, itself
    counted. The largest edge between two rows on the minimum spanning tree is their minimax path
    distance, d_dc of SHADE. Time grows with n^2 d, memory with n d.

    Args:
        rows: (n, d). On torch's meta device they have a shape only, and so has the result.
        min_points: in [1, n].

    Source: Beer et al., ICDM 2024, https://arxiv.org/abs/2410.06265; Campello, Moulavi, Sander,
        PAKDD 2013, definitions 1-3.
    """
    n = len(rows)
    if rows.is_meta:
        return Dendrogram(rows.new_empty(n, dtype=torch.int64), rows.new_empty(n - 1))
    points = (rows.double() - rows.double().mean(dim=0)).cpu().numpy()
    places, gaps = _joined(*_spanning_tree(points, _core_distances(points, min_points)))
    device = rows.device
    return Dendrogram(torch.from_numpy(places).to(device), torch.from_numpy(gaps).to(rows))


def density_connectivity_distances(dendrogram: Dendrogram, indices: Tensor) -> Tensor:
    """Return the density-connectivity distances (m, m) of samples, 0 on the diagonal.

    Args:
        dendrogram: of the data set.
        indices: (m,) int64; a sample may occur several times.
    """
    places, order = dendrogram.places[indices].sort()
    if places.is_meta:
        return dendrogram.gaps.new_empty(len(indices), len(indices))
    # the largest gap between samples that are next to each other in the order
    numbers = torch.arange(len(dendrogram.gaps), device=places.device)
    steps = torch.searchsorted(places, numbers, right=True)  # (n - 1,): 0 is before the first
    largest = dendrogram.gaps.new_zeros(len(places) + 1)
    largest = largest.scatter_reduce(0, steps, dendrogram.gaps, "amax")[1:-1]
    rows = torch.arange(len(places), device=places.device)
    after = largest.unsqueeze(0) * (rows.unsqueeze(1) <= rows[:-1].unsqueeze(0))
    above = torch.zeros(len(places), len(places), dtype=after.dtype, device=places.device)
    above[:, 1:] = after.cummax(dim=1).values if len(places) > 1 else after
    distances = torch.empty_like(above)
    distances[order.unsqueeze(1), order.unsqueeze(0)] = above + above.T
    return distances


def density_connectivity_loss(features: Tensor, distances: Tensor) -> Tensor:
    """Mean of (|z_i - z_j|^2 - d_dc(i, j))^2 over all pairs (SHADE).

    Args:
        features: (m, d).
        distances: (m, m), density-connectivity distances of the samples.

    Source: Beer et al., ICDM 2024, https://arxiv.org/abs/2410.06265.
    """
    squared = (features.unsqueeze(1) - features).square().sum(dim=2)
    return (squared - distances).square().mean()


def _core_distances(points: NDArray[np.float64], min_points: int) -> NDArray[np.float64]:
    squares = np.square(points).sum(axis=1)
    core = np.empty(len(points))
    step = max(1, _DISTANCES_AT_ONCE // len(points))
    for start in range(0, len(points), step):
        rows = slice(start, start + step)
        squared = squares[rows, None] + squares - 2 * points[rows] @ points.T
        core[rows] = np.partition(squared, min_points - 1, axis=1)[:, min_points - 1]
    return np.sqrt(core.clip(min=0))


def _spanning_tree(
    points: NDArray[np.float64], core: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the ends (n - 1,) of each edge and its length (n - 1,), by Prim's algorithm."""
    n = len(points)
    squares = np.square(points).sum(axis=1)
    nearest, lengths = np.zeros(n, np.int64), np.full(n, np.inf)
    is_outside = np.ones(n, bool)
    starts, ends = np.empty(n - 1, np.int64), np.empty(n - 1, np.int64)
    weights = np.empty(n - 1, np.float64)
    newest = 0
    for edge in range(n - 1):
        is_outside[newest] = False
        squared = squares + squares[newest] - 2 * points @ points[newest]
        reach = np.maximum(np.sqrt(squared.clip(min=0)), np.maximum(core, core[newest]))
        is_nearer = is_outside & (reach < lengths)
        lengths[is_nearer], nearest[is_nearer] = reach[is_nearer], newest
        newest = int(np.where(is_outside, lengths, np.inf).argmin())
        starts[edge], ends[edge], weights[edge] = nearest[newest], newest, lengths[newest]
    return starts, ends, weights


def _joined(
    starts: NDArray[np.int64], ends: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Join runs of samples edge by edge, the shortest first; return places (n,) and gaps."""
    n = len(weights) + 1
    leader, last = list(range(n)), list(range(n))
    follower, gap = [-1] * n, [0.0] * n

    def first_of(sample: int) -> int:
        while leader[sample] != sample:
            leader[sample] = sample = leader[leader[sample]]
        return sample

    for edge in np.argsort(weights, kind="stable").tolist():
        first, second = sorted((first_of(int(starts[edge])), first_of(int(ends[edge]))))
        follower[last[first]], gap[last[first]] = second, float(weights[edge])
        leader[second], last[first] = first, last[second]
    places, gaps = np.empty(n, np.int64), np.empty(n - 1)
    sample = first_of(0)
    for place in range(n):
        places[sample] = place
        if place < n - 1:
            gaps[place] = gap[sample]
        sample = follower[sample]
    return places, gaps
