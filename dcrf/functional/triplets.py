"""Triplets of samples by their clusters, and the weighted triplet loss (JULE)."""

from typing import NamedTuple

import torch
from torch import Generator, Tensor


class Triplets(NamedTuple):
    """Rows of a batch, (t,) int64 each.

    anchors, positives: of one cluster.
    negatives: of another cluster.
    """

    anchors: Tensor
    positives: Tensor
    negatives: Tensor


def draw_triplets(clusters: Tensor, num_negatives: int, generator: Generator) -> Triplets:
    """Return every ordered pair of rows of one cluster, with random rows of other clusters.

    Args:
        clusters: (n,) int64.
        num_negatives: of each pair, drawn with replacement.
        generator: of the draws, on the CPU.

    Returns:
        t = pairs * `num_negatives` triplets, or none if all rows are in one cluster.
    """
    n = len(clusters)
    clusters, rows = clusters.sort(stable=True)
    same = clusters.unsqueeze(1) == clusters
    anchors, positives = same.fill_diagonal_(False).nonzero(as_tuple=True)
    starts = torch.searchsorted(clusters, clusters)  # of the runs of equal clusters
    sizes = torch.searchsorted(clusters, clusters, right=True) - starts
    n_others = n - sizes[anchors]
    shape = (len(anchors) if n_others.any() else 0, num_negatives)
    draws = torch.rand(shape, generator=generator, dtype=torch.float64).to(clusters.device)
    anchors, positives = anchors[: shape[0]].unsqueeze(1), positives[: shape[0]].unsqueeze(1)
    negatives = (draws * n_others[: shape[0]].unsqueeze(1)).long()
    negatives = negatives + sizes[anchors] * (negatives >= starts[anchors])
    parts = (anchors.expand(shape), positives.expand(shape), negatives)
    return Triplets(*(rows[part.flatten()] for part in parts))


def weighted_triplet_loss(
    features: Tensor, triplets: Triplets, margin: float, positive_weight: float
) -> Tensor:
    """Mean of max(0, g |a - p|^2 - |a - n|^2 + margin) over triplets of features a, p and n.

    It is the loss of arXiv:1604.03628, eq. 11, as in the authors' code: affinities of samples are
    negative squared distances, and triplets beyond the margin do not count.

    Args:
        features: (n, d).
        triplets: of rows.
        margin: in squared units of the features.
        positive_weight: g, > 0.

    Returns:
        Scalar >= 0; 0 without triplets.
    """
    if not len(triplets.anchors):
        return features.sum() * 0
    points = features - features.detach().mean(dim=0)  # so that few digits are lost
    squares = points.square().sum(dim=1)
    distances = squares.unsqueeze(1) + squares - 2 * points @ points.T
    positives = distances[triplets.anchors, triplets.positives]
    negatives = distances[triplets.anchors, triplets.negatives]
    return (positive_weight * positives - negatives + margin).relu().mean()
