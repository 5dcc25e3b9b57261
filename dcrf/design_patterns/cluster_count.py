"""Training a network to count the clusters of sets."""

from torch import Tensor

from dcrf.assignment.set_partition import SetPartition
from dcrf.batch import Batch, problems_in
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.set_partitions import count_loss


class ClusterCount(DesignPattern):
    """The known number of clusters of a set has a high probability.

    Formula:
        L = -1/b sum_s log P(k_s | set s), with the known number of clusters k_s

    Losses:
        count: the cross-entropy of the number of clusters, in nats, >= 0, as a mean over the sets.
            Gradient flows into the mapping of the strategy that counts.

    Shapes:
        samples (b, n, *object_shape), sets

    Args:
        method_assignment: the strategy, which partitions sets.

    Source: Meier, Elezi, Amirian, Duerr & Stadelmann, ANNPR 2018, cluster count loss,
        https://arxiv.org/abs/1807.04001.
    """

    loss_names = ("count",)

    def __init__(self, *, method_assignment: SetPartition) -> None:
        super().__init__()
        self.strategy = method_assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of the counts."""
        log_probabilities = self.strategy.count_log_probabilities(batch.samples)
        return {"count": count_loss(log_probabilities, problems_in(batch).partition)}
