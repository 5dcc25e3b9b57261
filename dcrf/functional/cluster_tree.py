"""Binary trees of clusters: their shape, and the losses of DeepECT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

ROOT = 0


@dataclass(frozen=True)
class TreeShape:
    """The shape of a binary tree of m slots for nodes, of which slot 0 is the root.

    children: the two children of each slot, -1 for a leaf or an unused slot.
    splits: the number of the split that made a slot an inner node, -1 for others.
    """

    children: Sequence[Sequence[int]]
    splits: Sequence[int]

    @cached_property
    def nodes(self) -> list[int]:
        """The slots of the tree, parents before children."""
        nodes = [ROOT]
        for node in nodes:
            nodes += [child for child in self.children[node] if child >= 0]
        return nodes

    @cached_property
    def inner(self) -> list[int]:
        """The slots of inner nodes, in the order of their splits."""
        return sorted((n for n in self.nodes if self.splits[n] >= 0), key=lambda n: self.splits[n])

    @cached_property
    def leaves(self) -> list[int]:
        """The slots of leaves."""
        return [node for node in self.nodes if self.splits[node] < 0]

    @cached_property
    def leaves_under(self) -> Mapping[int, list[int]]:
        """Slot -> numbers of the leaves under it, in the order of `leaves`."""
        under = {leaf: [number] for number, leaf in enumerate(self.leaves)}
        for node in reversed(self.nodes):
            if self.splits[node] >= 0:
                first, second = self.children[node]
                under[node] = [*under[first], *under[second]]
        return under

    def clusters_of_leaves(self, n_clusters: int) -> list[int]:
        """Return the cluster of each leaf if the tree is cut after its first splits.

        The first k - 1 splits give k clusters; a tree with fewer leaves gives fewer.
        """
        opened = {*self.inner[: n_clusters - 1]}
        tops = [ROOT] if ROOT not in opened else []
        for node in self.inner[: n_clusters - 1]:
            tops += [child for child in self.children[node] if child not in opened]
        clusters = [0] * len(self.leaves)
        for cluster, top in enumerate(tops):
            for leaf in self.leaves_under[top]:
                clusters[leaf] = cluster
        return clusters


def tree_compression(features: Tensor, centers: Tensor, leaves: Tensor, shape: TreeShape) -> Tensor:
    """L_nc + L_dc of DeepECT.

    L_nc is the mean over leaves of the distance of its center from the mean of its samples, which
    has no gradient; leaves without samples count 0. L_dc is the mean over inner nodes, children and
    samples of the distance of a sample from the center of its child, along the line through both
    children's centers, which have no gradient.

    Args:
        features: (n, d).
        centers: (m, d), of each slot.
        leaves: (n,) int64, the number of the leaf of each sample.
        shape: of the tree.

    Source: Mautz, Plant, Boehm, ICDMW 2019 and DSE 2020, eq. 2-4, DOI 10.1007/s41019-020-00134-0.
    """
    total, fixed = features.sum() * 0 + centers.sum() * 0, centers.detach()
    for number, leaf in enumerate(shape.leaves):
        own = features.detach()[leaves == number]
        if len(own):
            total = total + (centers[leaf] - own.mean(dim=0)).norm() / len(shape.leaves)
    for node in shape.inner:
        first, second = shape.children[node]
        line = fixed[first] - fixed[second]
        direction = line / line.norm().clamp_min(torch.finfo(line.dtype).tiny)
        for child in (first, second):
            numbers = torch.tensor(shape.leaves_under[child], device=leaves.device)
            own = features[torch.isin(leaves, numbers)]
            distances = ((fixed[child] - own) @ direction).abs()
            total = total + distances.sum() / (2 * len(shape.inner) * len(features))
    return total


def inner_centers(centers: Tensor, weights: Tensor, shape: TreeShape) -> tuple[Tensor, Tensor]:
    """Return centers (m, d) and weights (m,) with those of inner nodes from their children.

    The weight of an inner node is the sum, its center the weighted mean, of its two children.
    """
    centers, weights = centers.clone(), weights.clone()
    for node in reversed(shape.nodes):
        if shape.splits[node] >= 0:
            pair = list(shape.children[node])
            own = weights[pair]
            weights[node] = own.sum()
            centers[node] = (own.unsqueeze(1) * centers[pair]).sum(dim=0) / own.sum()
    return centers, weights
