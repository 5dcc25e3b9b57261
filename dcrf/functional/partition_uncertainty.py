"""The partition uncertainty index of two views (PICA)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def partition_uncertainty(first_log_assignments: Tensor, second_log_assignments: Tensor) -> Tensor:
    """Cross-entropy of the similarities of clusters in two views with identity (PICA, CVPR 2020).

    A cluster is represented by its column in the assignments of a view. M_jk is the cosine of
    cluster j in the first view and cluster k in the second one. Row j of M counts as logits, with
    the temperature 1, of the class j. The balance term of PICA is `negative_entropy_of_mean`.

    Args:
        first_log_assignments: (n, k) natural-log probabilities of one view.
        second_log_assignments: (n, k) natural-log probabilities of the other view.

    Returns:
        Scalar, in nats, at least log(1 + (k - 1) / e), its value if both views assign each sample
        to the same cluster with certainty. If all assignments are equal, it is log k. An empty
        cluster has the cosine 0 to all others.
    """
    first = F.normalize(first_log_assignments.exp(), dim=0)
    second = F.normalize(second_log_assignments.exp(), dim=0)
    similarities = first.T @ second
    return F.cross_entropy(similarities, torch.arange(len(similarities), device=first.device))
