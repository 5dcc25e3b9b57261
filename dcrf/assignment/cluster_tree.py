"""Assigning samples by the leaves of a binary tree of clusters (DeepECT)."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import Clustering, all_rows, centers_of, first_rows
from dcrf.functional.assignments import hard_log_assignments
from dcrf.functional.cluster_tree import TreeShape, inner_centers
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.mappings.features import Features
from dcrf.randomness import RandomStreams
from dcrf.storage.sized_later import SizedLater

_NONE = -1
_FEWEST_TO_SPLIT = 2


class ClusterTree(Assignment):
    """Hard assignments to the nearest leaf of a binary tree, which is cut into k clusters.

    The cut undoes all splits but the first k - 1. The centers of leaves are the trainable parameter
    of the part `assignment`. The tree starts as a root with two leaves; the pattern
    `tree_compression` grows and prunes it.

    Formula:
        c(i) = the cluster of the leaf l with the smallest |z_i - mu_l|

    Args:
        features: maps samples to features (n, d).
        n_clusters: k.
        max_leaves: the tree grows up to so many leaves, at least 2.
        clustering: forms the two clusters of a split.
        use_tree_during_phases: names of the phases that use the tree, which starts when the first
            of them starts.
        streams: of the run.

    Source: Mautz, Plant, Boehm, DSE 2020, DOI 10.1007/s41019-020-00134-0.
    """

    def __init__(
        self,
        *,
        features: Features,
        n_clusters: int,
        max_leaves: int,
        clustering: Clustering,
        use_tree_during_phases: Sequence[str],
        streams: RandomStreams,
    ) -> None:
        super().__init__()
        self.feature_module, self.n_clusters = features, n_clusters
        self.max_leaves, self.clustering, self.streams = max_leaves, clustering, streams
        self.phases = frozenset(use_tree_during_phases)
        self.tree = _Tree(2 * max_leaves - 1)

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k): 0 for the cluster of the nearest leaf, minus infinity for others."""
        self.check_ready()
        features = self.features(samples)
        if features.is_meta:
            return features.new_empty(len(features), self.n_clusters)
        clusters = torch.tensor(self.tree.shape.clusters_of_leaves(self.n_clusters))
        clusters = clusters.to(features.device)[self.tree.nearest_leaves(features)]
        return hard_log_assignments(clusters, self.n_clusters).to(features.dtype)

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.tree.centers.shape[1]:
            return None
        return "the tree has not started yet (see use_tree_during_phases)"

    def owned(self) -> nn.Module:
        """Return the tree, and the statistics of standardized features."""
        return self.feature_module.with_statistics("tree", self.tree)

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Start the tree with two leaves, if this is the first phase that uses it."""
        if place.phase not in self.phases:
            return
        if self.tree.centers.shape[1]:
            self.feature_module.measure_once(data_pass)  # for a tree that a file has set
            return
        rows = self.feature_module.rows(data_pass)
        probe, n_slots = first_rows(rows), len(self.tree.weights)
        self.tree.centers.data = probe.new_zeros(n_slots, probe.shape[1]).to(self.tree.centers)
        generator = self.streams.generator("cluster_tree", place.dataset)
        if probe.is_meta:
            self.clustering.fit(rows, 2, generator)
            return
        self.grow(all_rows(rows), generator)

    def grow(self, features: Tensor, generator: Generator) -> None:
        """Split the leaf with the largest sum of squared distances, unless the tree is full.

        Args:
            features: (N, d), of the whole data set.
            generator: of the clustering's random numbers.
        """
        shape = self.tree.shape
        if len(shape.leaves) >= self.max_leaves:
            return
        leaves = self.tree.nearest_leaves(features)
        centers = self.tree.centers.detach()[shape.leaves]
        squared = (features - centers[leaves]).double().square().sum(dim=1)
        sums = squared.new_zeros(len(centers)).index_add(0, leaves, squared)
        counts = torch.bincount(leaves, minlength=len(centers))
        number = int(sums.masked_fill(counts < _FEWEST_TO_SPLIT, _NONE).argmax())
        own = features[leaves == number]
        fitted = self.clustering.fit(own, 2, generator)
        self.tree.split(shape.leaves[number], centers_of(fitted, own, 2))
        self.tree.update_inner_nodes()


class _Tree(SizedLater):
    """A tree of m slots for nodes: centers of width 0 until it starts.

    centers: (m, d). Those of leaves are trained, those of inner nodes follow.
    weights: (m,), decayed numbers of samples in a batch.
    pairs: (m, 2) int64, the children of a node, -1 without any.
    splits: (m,) int64, the number of the split of an inner node, -1 for others.
    """

    weights: Tensor
    pairs: Tensor
    splits: Tensor

    def __init__(self, n_slots: int) -> None:
        super().__init__()
        self.centers = nn.Parameter(torch.empty(n_slots, 0))
        self.register_buffer("weights", torch.ones(n_slots))
        self.register_buffer("pairs", torch.full((n_slots, 2), _NONE))
        self.register_buffer("splits", torch.full((n_slots,), _NONE))

    @property
    def shape(self) -> TreeShape:
        """The shape of the tree."""
        return TreeShape(self.pairs.tolist(), self.splits.tolist())

    def nearest_leaves(self, features: Tensor) -> Tensor:
        """Return the number (n,) of the nearest leaf of features (n, d)."""
        return nearest_rows(features, self.centers.detach()[self.shape.leaves])[0]

    def split(self, leaf: int, centers: Tensor) -> None:
        """Make a leaf an inner node of two leaves with these centers (2, d)."""
        used = {*self.shape.nodes}
        pair = [slot for slot in range(len(self.weights)) if slot not in used][:2]
        self.pairs[leaf] = torch.tensor(pair)
        self.splits[leaf] = self.splits.max() + 1
        self.centers.data[pair] = centers.to(self.centers)
        self.weights[pair] = 1.0
        self.pairs[pair], self.splits[pair] = _NONE, _NONE

    def count(self, leaves: Tensor) -> None:
        """Mix the weights of leaves with the numbers of samples of a batch, half and half.

        Args:
            leaves: (n,) int64, the number of the leaf of each sample.
        """
        slots = self.shape.leaves
        counts = torch.bincount(leaves, minlength=len(slots)).to(self.weights)
        self.weights[slots] = 0.5 * self.weights[slots] + 0.5 * counts

    def prune(self, smallest: float) -> None:
        """Remove leaves whose weight is below the smallest; siblings replace their parents."""
        while True:
            shape = self.shape
            weights = self.weights.tolist()
            families = [(node, *shape.children[node]) for node in shape.inner]
            light = [
                (node, sibling)
                for node, first, second in families
                for leaf, sibling in ((first, second), (second, first))
                if shape.splits[leaf] < 0 and weights[leaf] < smallest
            ]
            if not light or len(shape.leaves) <= _FEWEST_TO_SPLIT:
                return
            node, sibling = light[0]
            for values in (self.weights, self.pairs, self.splits, self.centers.data):
                values[node] = values[sibling]

    def update_inner_nodes(self) -> None:
        """Move inner nodes to the weighted means of their children."""
        centers, weights = inner_centers(self.centers.detach(), self.weights, self.shape)
        self.centers.data, self.weights = centers, weights
