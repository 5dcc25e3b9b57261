"""Which samples are clear enough to become their centroids (DynAE)."""

from typing import NamedTuple

from torch import Tensor

_DECAY = 0.3


class Thresholds(NamedTuple):
    """The least confidences of a clear sample.

    first: of its assignment, beta_1.
    margin: between its assignment and the second one, beta_2.
    step: by how much the next update lowers both, times the number of clusters.
    kappa: from which the step after that one follows.
    """

    first: float
    margin: float
    step: float
    kappa: float


def first_thresholds(kappa: float, n_clusters: int) -> Thresholds:
    """Return beta_1 = kappa / k and beta_2 = beta_1 / 2, with the first step.

    Args:
        kappa: > 0, below k.
        n_clusters: k.

    Source: Mrabah, Khan, Ksantini, Lachiri, Neural Networks 2020, https://arxiv.org/abs/1901.07752.
    """
    first = kappa / n_clusters
    return Thresholds(first, first / 2, _DECAY * kappa, kappa)


def lowered(thresholds: Thresholds, n_clusters: int) -> Thresholds:
    """Return both thresholds lower by step / k, and the following step.

    Steps are 0.3 times the first kappa twice, and then 0.3 times the one before, as in the authors'
    code, https://github.com/nairouz/DynAE.
    """
    first, margin, step, kappa = thresholds
    next_step = _DECAY * kappa
    return Thresholds(first - step / n_clusters, margin - step / n_clusters, next_step, next_step)


def is_clear(assignments: Tensor, first: float, margin: float) -> Tensor:
    """Return (n,): whether the largest assignment, and its lead, exceed their thresholds.

    Args:
        assignments: (n, k) probabilities. Of a single cluster, the lead is the probability itself.
        first: beta_1.
        margin: beta_2.

    Source: Mrabah et al. 2020, https://arxiv.org/abs/1901.07752.
    """
    best = assignments.topk(min(2, assignments.shape[1]), dim=1).values
    lead = best[:, 0] - best[:, 1:].sum(dim=1)
    return (best[:, 0] > first) & (lead > margin)
