"""Contrastive losses: NT-Xent between samples, and between clusters."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def normalized_temperature_cross_entropy(
    first: Tensor, second: Tensor, temperature: float
) -> Tensor:
    """NT-Xent (SimCLR, arXiv:2002.05709, eq. 1), averaged over the rows of both inputs.

    Row i of one input and row i of the other are a positive pair. Each of the 2n rows is an anchor
    once. Its negatives are the 2n - 2 rows other than itself and its positive.

    Args:
        first: (n, d), normalized here.
        second: (n, d), normalized here.
        temperature: divides the cosine similarities, > 0.

    Returns:
        Scalar, >= 0, in nats, and 0 if n is 1. A zero row has similarity 0 to all others.
    """
    rows = F.normalize(torch.cat([first, second]), dim=1) / math.sqrt(temperature)
    similarities = (rows @ rows.T).fill_diagonal_(-torch.inf)
    positives = torch.arange(len(rows), device=rows.device).roll(len(first))
    return F.cross_entropy(similarities, positives)


def statistics_vector_contrast(
    first_log_assignments: Tensor, second_log_assignments: Tensor, temperature: float
) -> Tensor:
    """NT-Xent between clusters (Contrastive Clustering, arXiv:2009.09687, cluster-level loss).

    The entropy term of that loss is `negative_entropy_of_mean`. The statistics vector of a cluster
    is its column in the assignments of one view. The 2k vectors of both views are the anchors.

    Args:
        first_log_assignments: (n, k) natural-log probabilities of one view.
        second_log_assignments: (n, k) natural-log probabilities of the other view.
        temperature: divides the cosine similarities, > 0.

    Returns:
        Scalar, >= 0, in nats, and 0 if k is 1.
    """
    return normalized_temperature_cross_entropy(
        first_log_assignments.exp().T, second_log_assignments.exp().T, temperature
    )
