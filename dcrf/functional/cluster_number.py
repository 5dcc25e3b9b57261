"""The choice of a number of clusters from evidence without labels."""

import math
from collections.abc import Sequence
from statistics import NormalDist
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


LEVEL = 0.05
"""Of the test that stability exceeds its reference, for all numbers of clusters together."""


def gain(evidence: Evidence) -> float:
    """Return the stability beyond that of data without clusters."""
    return evidence.stability - evidence.reference


def is_supported(evidence: Evidence, n_numbers: int) -> bool:
    """Whether stability and the dip test speak for this number of clusters.

    Clusters are more stable than in data without clusters: at all if every cluster is separated
    from the nearest one; if only some are, significantly, at `LEVEL` divided by the number of
    tests (Bonferroni), by the normal distribution.

    Args:
        evidence: for one number of clusters.
        n_numbers: numbers of clusters that are tried, >= 1.
    """
    if evidence.separated == evidence.k:
        return gain(evidence) > 0
    error = math.hypot(evidence.error, evidence.reference_error)
    standard_errors = NormalDist().inv_cdf(1 - LEVEL / n_numbers)
    return evidence.separated > 0 and gain(evidence) > standard_errors * error


def chosen_number(evidence: Sequence[Evidence]) -> int:
    """Return the number of clusters that the evidence speaks for, 1 if it speaks for none.

    It is the supported number with the largest gain in stability; of equals, the largest one.

    Args:
        evidence: for different k.
    """
    supported = [each for each in evidence if is_supported(each, len(evidence))]
    best = max(supported, key=lambda each: (gain(each), each.k), default=None)
    return 1 if best is None else best.k


def nearest_other_centers(centers: Tensor) -> Tensor:
    """Return, for each of the centers (k, d), k >= 2, the number of the nearest other one (k,)."""
    distances = torch.cdist(centers, centers)
    return distances.fill_diagonal_(torch.inf).argmin(dim=1)
