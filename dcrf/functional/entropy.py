"""Entropies of assignments: of the mean over a batch, and the mean over its samples."""

import math

import torch
from torch import Tensor


def negative_entropy_of_mean(log_assignments: Tensor) -> Tensor:
    """Log k minus the entropy of the mean assignment (H(Y) of Contrastive Clustering).

    With p the mean assignment of the batch, it is log k + sum_j p_j log p_j = KL(p || uniform), as
    in the official code of arXiv:2009.09687. It is not a mean of entropies.

    Args:
        log_assignments: (n, k) natural-log probabilities.

    Returns:
        Scalar in [0, log k], in nats, and 0 if all clusters have the same share of the batch.
    """
    shares = log_assignments.exp().mean(dim=0)
    # an empty cluster adds 0 log 0 = 0, which without the clamp is NaN
    logarithms = shares.clamp_min(torch.finfo(shares.dtype).tiny).log()
    return math.log(log_assignments.shape[1]) + (shares * logarithms).sum()


def mean_entropy(log_assignments: Tensor) -> Tensor:
    """Mean of the entropies of assignments: the conditional entropy H(Y|X) of RIM and IMSAT.

    Args:
        log_assignments: (n, k) natural-log probabilities, finite.

    Returns:
        Scalar in [0, log k], in nats, and 0 if every sample is assigned with certainty.

    Source: Hu et al., ICML 2017, section 3, https://arxiv.org/abs/1702.08720.
    """
    return -(log_assignments.exp() * log_assignments).sum(dim=1).mean()
