"""Pseudo-labels of samples, and the cross-entropy with them. A label of -1 is none."""

from torch import Tensor

from dcrf.functional.reinforcement import cross_entropy_to_pseudo_labels


def confident_pseudo_labels(log_assignments: Tensor, threshold: float) -> Tensor:
    """Return (n,) int64, the most probable cluster of each sample, -1 below the threshold.

    Args:
        log_assignments: (n, k) natural-log probabilities.
        threshold: the least probability of a label, from 0 to 1.
    """
    confidences, clusters = log_assignments.max(dim=1)
    return clusters.masked_fill(confidences.exp() < threshold, -1)


def pseudo_label_cross_entropy(
    log_probabilities: Tensor, pseudo_labels: Tensor, balances_clusters: bool = False
) -> Tensor:
    """Mean of -log p_i[c_i] over the samples with a label c_i (DeepCluster, arXiv:1807.05520).

    Balanced, it is the mean over the clusters of the batch of the mean over their samples, so that
    each cluster counts the same (the self-labeling step of SCAN, arXiv:2005.12320).

    Args:
        log_probabilities: (n, k) natural-log probabilities.
        pseudo_labels: (n,) int64 from 0 to k - 1; -1 leaves a sample out.
        balances_clusters: whether clusters, and not samples, have equal weights.

    Returns:
        Scalar, >= 0, in nats; 0 with a graph if no sample has a label.
    """
    is_labeled = pseudo_labels >= 0
    labels = pseudo_labels.clamp_min(0)
    losses = cross_entropy_to_pseudo_labels(log_probabilities, labels).squeeze(1)
    weights = is_labeled.to(losses.dtype)
    if balances_clusters:
        sizes = weights.new_zeros(log_probabilities.shape[1]).scatter_add_(0, labels, weights)
        weights = weights / sizes[labels].clamp_min(1)
    total = (weights * losses.masked_fill(~is_labeled, 0)).sum()
    return total / weights.sum().clamp_min(1)  # a sum of 1 or more if any sample has a label
