"""Parts of the reinforcement of current assignments: distances, choices, losses, their mean.

Everything is about pairs of a sample and a cluster, (n, k). The clustering term of deep k-means
(arXiv:1806.10069) is one composition: squared distances of all pairs, weighted by a softmax.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def safe_sqrt(squared: Tensor) -> Tensor:
    """Square root of squared distances, with gradient 0 (not infinity) where they are 0."""
    is_zero = squared == 0
    return squared.masked_fill(is_zero, 1).sqrt().masked_fill(is_zero, 0)


def one_hot_argmax(scores: Tensor) -> Tensor:
    """Choose the largest entry of each row: (n, k) scores to (n, k) booleans, one per row."""
    return F.one_hot(scores.argmax(dim=1), scores.shape[1]).bool()


def cross_entropy_to_pseudo_labels(log_assignments: Tensor, pseudo_labels: Tensor) -> Tensor:
    """Cross-entropy between each sample's own pseudo-label and its assignments.

    Args:
        log_assignments: (n, k) natural-log probabilities.
        pseudo_labels: (n,) cluster indices.

    Returns:
        (n, 1), >= 0, in nats: the same for all pairs of a sample.
    """
    return -log_assignments.gather(1, pseudo_labels.unsqueeze(1))


def mean_over_selected_samples(pair_losses: Tensor, selected: Tensor) -> Tensor:
    """Sum the losses of each sample's selected pairs; average over samples that have any.

    Args:
        pair_losses: (n, k) or (n, 1), already weighted.
        selected: booleans, (n, k) or fewer axes: a single True selects every pair.

    Returns:
        Scalar; 0, still with a graph, where nothing is selected.
    """
    pair_losses, selected = torch.broadcast_tensors(pair_losses, selected)
    n_samples = selected.any(dim=1).sum().clamp_min(1)
    return pair_losses.masked_fill(~selected, 0).sum() / n_samples
