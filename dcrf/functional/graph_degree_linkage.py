"""Graph degree linkage: merging clusters by affinities in a directed graph of neighbors (JULE)."""

from heapq import nlargest

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from dcrf.functional.neighbors import neighbor_distances

Column = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
"""Samples with edges to or from a cluster, the sum of their edges to it, and that from it."""

_NO_COLUMN: Column = (np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))

_MANY_CLUSTERS = 20
"""Isolated clusters join others while more than this times the number to be left exist."""


def neighbor_affinities(points: Tensor, neighbors: Tensor, scale: float) -> csr_array:
    """Return the directed graph of nearest neighbors, with affinities as weights.

    W_ij = exp(-|x_i - x_j|^2 / s^2) for the nearest neighbors j of i, else 0, with s^2 = `scale`
    times the mean of all of these squared distances.

    Args:
        points: (n, d).
        neighbors: (n, K_s) int64, the nearest neighbors of each point, without itself.
        scale: a, > 0.

    Returns:
        (n, n) float64, on the CPU. Equal points have the affinity 1.

    Source: Yang, Parikh, Batra, CVPR 2016, section 3, https://arxiv.org/abs/1604.03628.
    """
    squares = neighbor_distances(points, neighbors).double().square()
    bandwidth = scale * squares.mean()
    weights = torch.exp(-squares / bandwidth) if bandwidth > 0 else torch.ones_like(squares)
    n, number = neighbors.shape
    starts = np.arange(0, n * number + 1, number)
    columns = neighbors.flatten().cpu().numpy()
    return csr_array((weights.flatten().cpu().numpy(), columns, starts), shape=(n, n))


def connected_nearest_neighbors(neighbors: Tensor, least: int = 1) -> Tensor:
    """Return the clusters that form if every point is connected with its nearest neighbor.

    None of them has a single point. If they are fewer than `least`, every point is a cluster.

    Args:
        neighbors: (n, m) int64, the nearest neighbors of each point, the nearest one first.
        least: number of clusters, in [1, n].

    Returns:
        (n,) int64, numbered from 0 by the order of their first points.

    Source: Zhang, Wang, Zhao, Tang, ECCV 2012, https://arxiv.org/abs/1208.5092.
    """
    nearest = neighbors[:, 0].cpu().numpy()
    n = len(nearest)
    graph = coo_array((np.ones(n), (np.arange(n), nearest)), shape=(n, n))
    number, clusters = connected_components(graph, directed=False)
    if number < least:
        clusters = np.arange(n)
    return torch.from_numpy(_by_first_sample(clusters)).to(neighbors.device)


def merged_by_affinity(
    affinities: csr_array,
    clusters: Tensor,
    points: Tensor,
    n_clusters: int,
    n_compared: int = 1,
    gap_weight: float = 1.0,
    least_size: int = 1,
) -> Tensor:
    """Merge clusters, two at a time, until `n_clusters` are left.

    The affinity of clusters a and b is A(a, b) = 1' W_ab W_ba 1 / |a|^2 + 1' W_ba W_ab 1 / |b|^2.
    A cluster has the affinities A_1 >= A_2 >= ... to the others. The one with the largest
    A_1 + l / (K_c - 1) sum_{k=2..K_c} (A_1 - A_k) joins its nearest cluster. Affinities are exact
    after every merge; none but those of neighbors are computed.

    A cluster without affinity to any other is isolated. Isolated ones join the cluster with the
    nearest mean: before all merges, while more than 20 times `n_clusters` exist, as in the authors'
    code, and in the end, the smallest first, if all are isolated. So do clusters of fewer than
    `least_size` samples as soon as `n_clusters` larger ones are left, which have most samples. Such
    fragments have an edge or two to other clusters, whose affinity falls with |b|^2, so they would
    be left while large clusters are merged.

    Args:
        affinities: W, (n, n), of the samples.
        clusters: (n,) int64, numbered from 0 without gaps.
        points: (n, d), for means.
        n_clusters: to be left, >= 1. If there are no more than that, nothing is merged.
        n_compared: K_c, >= 1. With 1, the largest affinity decides: graph degree linkage.
        gap_weight: l, >= 0.
        least_size: of clusters that count, >= 1. With 1, as published, all do.

    Returns:
        (n,) int64, numbered from 0 by the order of their first samples.

    Source: Yang, Parikh, Batra, CVPR 2016, section 3, https://arxiv.org/abs/1604.03628; Zhang,
        Wang, Zhao, Tang, ECCV 2012, https://arxiv.org/abs/1208.5092, without the gaps. The authors'
        code for JULE ignores the gaps if at most 100 clusters are left.
    """
    owners, rows = clusters.cpu().numpy(), points.double().cpu().numpy()
    merging = _Merging(affinities, owners, rows, n_compared, gap_weight)
    for cluster in merging.isolated():
        is_left = merging.sizes[cluster] > 0 and not merging.near[cluster]
        if is_left and merging.n_left > _MANY_CLUSTERS * n_clusters:
            merging.merge(*merging.nearest_mean(cluster))
    while merging.n_left > n_clusters:
        if merging.fragments_are_left(n_clusters, least_size):
            merging.merge(*merging.nearest_mean(merging.smallest()))
        else:
            merging.merge(*merging.next_pair())
    return torch.from_numpy(_by_first_sample(merging.owners)).to(clusters.device)


class _Merging:
    """Clusters, and their affinities, while they are merged.

    owners: (n,) the cluster of each sample.
    sizes: (C,), 0 for a cluster that has joined another.
    columns: of each cluster.
    sums: cluster i -> cluster j -> sum over samples of i of their edges to j times those from j.
    near: cluster -> cluster -> affinity, of pairs with affinity.
    scores: (C,), by which the next cluster is chosen, -inf without affinity.
    """

    def __init__(
        self,
        affinities: csr_array,
        owners: NDArray[np.int64],
        points: NDArray[np.float64],
        n_compared: int,
        gap_weight: float,
    ) -> None:
        self.n_compared = n_compared
        self.gap_weight = gap_weight / max(n_compared - 1, 1)
        self.owners = owners.copy()
        self.sizes = np.bincount(owners)
        self.n_left = number = len(self.sizes)
        members = csr_array((np.ones(len(owners)), owners, np.arange(len(owners) + 1)))
        self.totals = members.T @ points
        outward, inward = (affinities @ members).tocsc(), (affinities.T @ members).tocsc()
        self.columns = [_column(outward, inward, cluster) for cluster in range(number)]
        products = (members.T @ outward.multiply(inward)).tocoo()
        self.sums: list[dict[int, float]] = [{} for _ in range(number)]
        for i, j, value in zip(products.row, products.col, products.data, strict=True):
            if i != j and value > 0:
                self.sums[i][int(j)] = float(value)
        self.near: list[dict[int, float]] = [{} for _ in range(number)]
        for i, others in enumerate(self.sums):
            for j in others:
                self.near[i][j] = self.near[j][i] = self._affinity(i, j)
        self.scores = np.array([self._score(cluster) for cluster in range(number)])

    def isolated(self) -> list[int]:
        """Return the clusters without affinity to any other."""
        return [cluster for cluster, others in enumerate(self.near) if not others]

    def next_pair(self) -> tuple[int, int]:
        """Return the clusters to be merged next."""
        best = int(self.scores.argmax())
        if self.scores[best] > -np.inf:
            return best, max(self.near[best].items(), key=lambda pair: (pair[1], -pair[0]))[0]
        return self.nearest_mean(self.smallest())

    def smallest(self) -> int:
        """Return the smallest cluster."""
        return int(np.where(self.sizes > 0, self.sizes, len(self.owners) + 1).argmin())

    def fragments_are_left(self, n_clusters: int, least_size: int) -> bool:
        """Return whether all but `n_clusters` clusters, which have most samples, are fragments."""
        large = self.sizes[self.sizes >= least_size]
        return len(large) == n_clusters and 2 * large.sum() > len(self.owners)

    def nearest_mean(self, cluster: int) -> tuple[int, int]:
        """Return a cluster and that with the nearest mean."""
        left = np.flatnonzero(self.sizes)
        others = left[left != cluster]
        means = self.totals[others] / self.sizes[others, None]
        distances = np.square(means - self.totals[cluster] / self.sizes[cluster]).sum(axis=1)
        return cluster, int(others[distances.argmin()])

    def merge(self, first: int, second: int) -> None:
        """Let the cluster with the higher number join the other one."""
        kept, gone = min(first, second), max(first, second)
        self.owners[self.owners == gone] = kept
        self.sizes[kept] += self.sizes[gone]
        self.totals[kept] += self.totals[gone]
        self.sizes[gone], self.scores[gone] = 0, -np.inf
        self.n_left -= 1
        touched = (self.near[kept].keys() | self.near[gone].keys()) - {kept, gone}
        for j in touched:
            self.sums[j].pop(kept, None)
            self.sums[j].pop(gone, None)
            self.near[j].pop(gone, None)
        for j, value in self.sums[gone].items():
            self.sums[kept][j] = self.sums[kept].get(j, 0.0) + value
        self.sums[kept].pop(kept, None)
        self.sums[kept].pop(gone, None)
        self.sums[gone], self.near[gone], self.near[kept] = {}, {}, {}
        touched |= self._join_columns(kept, gone)
        for j in touched:
            self.near[kept][j] = self.near[j][kept] = self._affinity(kept, j)
        for j in (kept, *touched):
            self.scores[j] = self._score(j)

    def _join_columns(self, kept: int, gone: int) -> set[int]:
        """Sum two columns, and compute the sums of all other clusters' edges with them."""
        indices = np.concatenate([self.columns[kept][0], self.columns[gone][0]])
        samples, places = np.unique(indices, return_inverse=True)
        pairs = zip(self.columns[kept][1:], self.columns[gone][1:], strict=True)
        outward, inward = (
            np.bincount(places, np.concatenate(pair)).astype(np.float64, copy=False)
            for pair in pairs
        )
        self.columns[kept] = samples, outward, inward
        self.columns[gone] = _NO_COLUMN
        sums = np.bincount(self.owners[samples], outward * inward)
        others = {int(j) for j in np.flatnonzero(sums)} - {kept}
        for j in others:
            self.sums[j][kept] = float(sums[j])
        return others

    def _affinity(self, i: int, j: int) -> float:
        onto_i = self.sums[j].get(i, 0.0) / float(self.sizes[i]) ** 2
        return onto_i + self.sums[i].get(j, 0.0) / float(self.sizes[j]) ** 2

    def _score(self, cluster: int) -> float:
        if not self.near[cluster]:
            return -np.inf
        largest = nlargest(self.n_compared, self.near[cluster].values())
        n_gaps = self.n_compared - 1
        gaps = n_gaps * largest[0] - sum(largest[1:])  # other clusters have the affinity 0
        return largest[0] + self.gap_weight * gaps


def _column(outward: csr_array, inward: csr_array, cluster: int) -> Column:
    """Return the column of a cluster from those of matrices (n, C) of edges."""
    parts = [
        (matrix.indices[start:end], matrix.data[start:end])
        for matrix in (outward, inward)
        for start, end in [matrix.indptr[cluster : cluster + 2]]
    ]
    samples = np.union1d(parts[0][0], parts[1][0])
    sums = np.zeros((2, len(samples)))
    for row, (indices, values) in zip(sums, parts, strict=True):
        row[np.searchsorted(samples, indices)] = values
    return samples.astype(np.int64), sums[0], sums[1]


def _by_first_sample(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber clusters (n,) from 0 by the order of their first samples."""
    _, first, own = np.unique(clusters, return_index=True, return_inverse=True)
    return first.argsort().argsort()[own].astype(np.int64)
