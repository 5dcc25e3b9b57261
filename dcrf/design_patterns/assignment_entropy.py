"""Preventing cluster degeneracy by keeping clusters about equally large."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.entropy import negative_entropy_of_mean


class AssignmentEntropy(DesignPattern):
    """Entropy of the batch-mean assignments, turned into a loss that is 0 at its best.

    It is the entropy of the mean, and not the mean of entropies: each sample may be sure of its
    cluster, as long as the clusters share the batch evenly.

    Losses:
        negative_entropy: log k minus the entropy, in nats, from 0 (equal clusters) to log k (all
            samples in one). Gradient flows into whatever assigns.

    Shapes:
        samples (n, *sample_shape) -> log-assignments (n, k).

    Args:
        assignment: maps samples to (n, k) log soft assignments.

    Source: Li et al., AAAI 2021, the entropy H(Y) in the cluster-level loss,
        https://arxiv.org/abs/2009.09687.
    """

    loss_names = ("negative_entropy",)

    def __init__(self, *, assignment: Assignment) -> None:
        super().__init__()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return how far the clusters' shares of the batch are from equal."""
        return {"negative_entropy": negative_entropy_of_mean(self.assignment(batch.samples))}
