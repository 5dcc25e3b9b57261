"""Preventing cluster degeneracy by maximizing the entropy of the mean assignment."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.entropy import negative_entropy_of_mean


class AssignmentEntropy(DesignPattern):
    """The entropy of the batch-mean assignment, as a loss with minimum 0.

    It is the entropy of the mean, not the mean of the entropies. Each sample may be assigned with
    certainty if the clusters share the batch equally.

    Formula:
        L = log k + sum_j p_j log p_j, with p_j = 1/n sum_i q_ij

    Losses:
        negative_entropy: log k minus the entropy, in nats, from 0 (equal cluster sizes) to log k
            (all samples in one cluster). Gradient flows into the assignment: feature extractor,
            centroids, classifier.

    Shapes:
        samples (n, *sample_shape) -> log-assignments (n, k).

    Args:
        assignment: maps samples to (n, k) log soft assignments.

    Source: Li et al., AAAI 2021, the entropy H(Y) of the cluster-level loss,
        https://arxiv.org/abs/2009.09687.
    """

    loss_names = ("negative_entropy",)

    def __init__(self, *, assignment: Assignment) -> None:
        super().__init__()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the negative entropy of the batch."""
        return {"negative_entropy": negative_entropy_of_mean(self.assignment(batch.samples))}
