"""Contrast between rows that belong together and all others."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def normalized_temperature_cross_entropy(
    first: Tensor, second: Tensor, temperature: float
) -> Tensor:
    """NT-Xent (SimCLR eq. 1, arXiv:2002.05709), the mean over the rows of both inputs.

    Row i of one input and row i of the other are a positive pair. Each of the 2n rows is an anchor
    once; its negatives are the 2n - 2 rows that are neither itself nor its positive.

    Args:
        first: (n, d), need not be normalized.
        second: (n, d).
        temperature: divides the cosine similarities, > 0.

    Returns:
        Scalar, >= 0, in nats; 0 where n is 1. A zero row has similarity 0 to every other.
    """
    rows = F.normalize(torch.cat([first, second]), dim=1) / math.sqrt(temperature)
    similarities = (rows @ rows.T).fill_diagonal_(-torch.inf)
    positives = torch.arange(len(rows), device=rows.device).roll(len(first))
    return F.cross_entropy(similarities, positives)


def statistics_vector_contrast(
    first_log_assignments: Tensor, second_log_assignments: Tensor, temperature: float
) -> Tensor:
    """Contrast clusters by their statistics vectors (Contrastive Clustering, arXiv:2009.09687).

    The cluster-level loss of that paper without its entropy term (`negative_entropy_of_mean`).

    The statistics vector of a cluster is its column of the assignments of one view: the
    probabilities of all samples to be in it. There are 2k anchors.

    Args:
        first_log_assignments: (n, k) natural-log probabilities of one view.
        second_log_assignments: (n, k) of the other.
        temperature: divides the cosine similarities, > 0.

    Returns:
        Scalar, >= 0, in nats; 0 where k is 1.
    """
    return normalized_temperature_cross_entropy(
        first_log_assignments.exp().T, second_log_assignments.exp().T, temperature
    )
