"""Evenness of cluster sizes."""

import math

import torch
from torch import Tensor


def negative_entropy_of_mean(log_assignments: Tensor) -> Tensor:
    """Return log k minus the entropy of the batch-mean assignments (Contrastive Clustering, H(Y)).

    With p the mean of the assignments over the batch, log k + sum_j p_j log p_j, as in the
    official code of arXiv:2009.09687. It is KL(p || uniform), and not a mean of entropies.

    Args:
        log_assignments: (n, k) natural-log probabilities.

    Returns:
        Scalar in [0, log k], in nats; 0 where all clusters have the same share of the batch.
    """
    shares = log_assignments.exp().mean(dim=0)
    # an empty cluster adds 0; log 0 would make that NaN
    logarithms = shares.clamp_min(torch.finfo(shares.dtype).tiny).log()
    return math.log(log_assignments.shape[1]) + (shares * logarithms).sum()
