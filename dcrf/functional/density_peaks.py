"""Density peaks with merged clusters (DDC, arXiv:1812.04287), in blocks of bounded memory."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

_DISTANCES_AT_ONCE = 2**24
"""Numbers in a block of distances: 128 MiB in float64."""


def density_peak_clusters(
    points: Tensor, ratio: float, distances_at_once: int = _DISTANCES_AT_ONCE
) -> Tensor:
    """Cluster points around the peaks of their density.

    With the cut-off distance d_c, `ratio` times the mean distance of two points, the density of a
    point is sum_j exp(-(d_ij / d_c)^2). A peak has more than the mean density, and no denser point
    within d_c; of equally dense points, the first one counts as denser. Other points follow their
    nearest denser point. Clusters are merged if two of their core points, denser than the mean of
    their own cluster, lie within d_c.

    Args:
        points: (n, d), n >= 1.
        ratio: > 0.
        distances_at_once: bound of the numbers in a block; one row is the least.

    Returns:
        (n,) int64 clusters, numbered by the order of their first points.

    Source: Ren, Wang, Li, Xu, Knowledge-Based Systems 197 (2020), eq. 7-11, DOI
        10.1016/j.knosys.2020.105841, and https://arxiv.org/abs/1812.04287, section 3.2; Rodriguez
        and Laio, Science 2014, for the peaks.
    """
    blocks = torch.arange(len(points), device=points.device).split(
        max(1, distances_at_once // len(points))
    )

    def by_block(function: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Return the rows of `function` of the indices of a block and of its distances (b, n)."""
        return torch.cat([function(block, _distances(points[block], points)) for block in blocks])

    total = by_block(lambda _, distances: distances.sum(dim=1)).sum()
    pairs = len(points) * (len(points) - 1)
    cutoff = ratio * total / max(pairs, 1)
    if cutoff == 0:  # all points are equal
        return torch.zeros(len(points), dtype=torch.int64, device=points.device)
    density = by_block(lambda _, distances: (-(distances / cutoff).square()).exp().sum(dim=1))
    rank = density.argsort(descending=True, stable=True).argsort()  # 0 is the densest

    def nearest_denser(block: Tensor, distances: Tensor) -> Tensor:
        is_denser = rank < rank[block].unsqueeze(1)
        gaps, nearest = distances.masked_fill(~is_denser, torch.inf).min(dim=1)
        is_peak = (gaps > cutoff) & (density[block] > density.mean())
        return torch.where(is_peak | gaps.isinf(), block, nearest)

    clusters = _roots(by_block(nearest_denser)).unique(return_inverse=True)[1]
    merged = _merged(points, clusters, _is_core(density, clusters), cutoff, distances_at_once)
    return _by_first_point(merged)


def _distances(rows: Tensor, points: Tensor) -> Tensor:
    # by default cdist expands the square, and loses digits far from the origin
    return torch.cdist(rows, points, compute_mode="donot_use_mm_for_euclid_dist")


def _roots(parents: Tensor) -> Tensor:
    """Follow each point to the one that is its own parent."""
    while not torch.equal(grandparents := parents[parents], parents):
        parents = grandparents
    return parents


def _is_core(density: Tensor, clusters: Tensor) -> Tensor:
    """Whether points (n,) are denser than the mean of their cluster."""
    sizes = clusters.bincount()
    means = torch.zeros_like(sizes, dtype=density.dtype).scatter_add(0, clusters, density) / sizes
    return density > means[clusters]


def _merged(
    points: Tensor, clusters: Tensor, is_core: Tensor, cutoff: Tensor, distances_at_once: int
) -> Tensor:
    """Merge clusters (n,) of which two core points lie within the cut-off distance."""
    cores, owners = points[is_core], clusters[is_core]
    number = int(clusters.max()) + 1
    of_cluster = F.one_hot(owners, number).to(points.dtype)
    links = torch.eye(number, dtype=points.dtype, device=points.device)
    rows = torch.arange(len(cores), device=points.device)
    for block in rows.split(max(1, distances_at_once // max(len(cores), 1))):
        is_near = (_distances(cores[block], cores) <= cutoff).to(points.dtype)
        links += of_cluster[block].T @ is_near @ of_cluster
    reached = links > 0
    for _ in range(number.bit_length()):  # each product doubles the length of chains of links
        reached = (reached.to(points.dtype) @ reached.to(points.dtype)) > 0
    return reached.to(torch.uint8).argmax(dim=1)[clusters]  # the first cluster of each part


def _by_first_point(clusters: Tensor) -> Tensor:
    """Number clusters (n,) from 0 by the order of their first points."""
    _, own = clusters.unique(return_inverse=True)
    n = len(own)
    positions = torch.arange(n, device=own.device)
    first = torch.full((int(own.max()) + 1,), n, device=own.device).scatter_reduce(
        0, own, positions, "amin"
    )
    return first.argsort().argsort()[own]
