"""Encouraging cluster formation by learning from confident assignments of clean samples (SCAN)."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.pseudo_labels import confident_pseudo_labels, pseudo_label_cross_entropy


class SelfLabeling(DesignPattern):
    """Confident assignments of the default view are the labels of another view.

    Formula:
        L = -1/m sum_i log q_i,y(i), over the samples with p_i,y(i) >= threshold
        y(i) = argmax_j p_ij, with p of the default view

    Losses:
        cross_entropy: nats, >= 0, the mean over the samples with a label, or over clusters if they
            are balanced; 0 if no sample of the batch has one. Gradient flows through the
            predictions into feature extractor and classifier or centroids, never through labels.

    Shapes:
        default view (n, *sample_shape) -> log-assignments (n, k) -> labels (n,) of the samples that
        are confident enough; samples (n, *sample_shape) -> predictions (n, k). Both are computed in
        training mode.

    Args:
        assignment: maps samples to (n, k) log soft assignments. SCAN uses a classifier.
        confidence_threshold: the least probability of a label, from 0 to 1.
        balance_clusters: whether each cluster of a batch has the same weight.

    Source: Van Gansbeke et al., ECCV 2020, section 2.3, https://arxiv.org/abs/2005.12320.
    """

    loss_names = ("cross_entropy",)

    def __init__(
        self, *, assignment: Assignment, confidence_threshold: float, balance_clusters: bool
    ) -> None:
        super().__init__()
        self.assignment = assignment
        self.threshold, self.balances_clusters = confidence_threshold, balance_clusters

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy of the samples with the labels of their default view."""
        labels = confident_pseudo_labels(self.assignment(batch.clean), self.threshold)
        predictions = self.assignment(batch.samples)
        loss = pseudo_label_cross_entropy(predictions, labels, self.balances_clusters)
        return {"cross_entropy": loss}
