"""Losses of pairs of a sample and a cluster, (n, k): selection, cross-entropy and mean.

The clustering loss of deep k-means (arXiv:1806.10069) is one composition: the squared distances of
all pairs, weighted by a softmax.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def safe_sqrt(values: Tensor) -> Tensor:
    """Square root with gradient 0, instead of infinity, at 0."""
    is_zero = values == 0
    return values.masked_fill(is_zero, 1).sqrt().masked_fill(is_zero, 0)


def one_hot_argmax(scores: Tensor) -> Tensor:
    """Return (n, k) booleans with one True per row, at the largest of the scores (n, k)."""
    return F.one_hot(scores.argmax(dim=1), scores.shape[1]).bool()


def cross_entropy_to_pseudo_labels(log_assignments: Tensor, pseudo_labels: Tensor) -> Tensor:
    """Cross-entropy of each sample's assignments with its pseudo-label.

    Args:
        log_assignments: (n, k) natural-log probabilities.
        pseudo_labels: (n,) cluster indices.

    Returns:
        (n, 1), >= 0, in nats: one loss for all pairs of a sample.
    """
    return -log_assignments.gather(1, pseudo_labels.unsqueeze(1))


def mean_over_selected_samples(pair_losses: Tensor, selected: Tensor) -> Tensor:
    """Sum the selected losses of each sample; average over the samples with a selected pair.

    Args:
        pair_losses: (n, k) or (n, 1), already weighted.
        selected: booleans that broadcast to (n, k); a scalar True selects every pair.

    Returns:
        Scalar; 0 with a graph if no pair is selected.
    """
    pair_losses, selected = torch.broadcast_tensors(pair_losses, selected)
    n_samples = selected.any(dim=1).sum().clamp_min(1)
    return pair_losses.masked_fill(~selected, 0).sum() / n_samples
