"""The choice of a number of clusters from evidence without labels."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Evidence(NamedTuple):
    """Evidence for k clusters.

    k: >= 2.
    stability: mean adjusted Rand index of clusterings of overlapping sub-samples, at most 1.
    error: its standard error.
    reference: stability in data without clusters, of the same size and variances.
    reference_error: its standard error.
    silhouette: mean silhouette, in [-1, 1]; None if it is undefined.
    separated: number of clusters, of k, that have two modes together with their nearest cluster.
    """

    k: int
    stability: float
    error: float
    reference: float
    reference_error: float
    silhouette: float | None
    separated: int


STANDARD_ERRORS = 2.0
"""By which stability must exceed its reference if not every cluster is separated."""


def is_supported(evidence: Evidence) -> bool:
    """Whether stability and the dip test speak for this number of clusters.

    Clusters are more stable than in data without clusters: at all if every cluster is separated
    from the nearest one, and by `STANDARD_ERRORS` standard errors if at least one is.
    """
    gain = evidence.stability - evidence.reference
    if evidence.separated == evidence.k:
        return gain > 0
    error = math.hypot(evidence.error, evidence.reference_error)
    return evidence.separated > 0 and gain > STANDARD_ERRORS * error


def chosen_number(evidence: Sequence[Evidence]) -> int:
    """Return the number of clusters that the evidence speaks for, 1 if it speaks for none.

    It is the largest of the supported numbers whose stability is at most one standard error below
    that of the most stable one.

    Args:
        evidence: for different k.
    """
    supported = [each for each in evidence if is_supported(each)]
    if not supported:
        return 1
    best = max(supported, key=lambda each: each.stability)
    return max(e.k for e in supported if e.stability >= best.stability - best.error)


def nearest_other_centers(centers: Tensor) -> Tensor:
    """Return, for each of the centers (k, d), k >= 2, the number of the nearest other one (k,)."""
    distances = torch.cdist(centers, centers)
    return distances.fill_diagonal_(torch.inf).argmin(dim=1)
