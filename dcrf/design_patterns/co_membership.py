"""Training a network to partition sets by the pairs that share a cluster."""

from torch import Tensor

from dcrf.assignment.set_partition import SetPartition
from dcrf.batch import Batch, ProblemBatch, problems_in
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.set_partitions import co_membership, pair_loss, pair_weights

BALANCED = "balanced"


class CoMembership(DesignPattern):
    """Objects share a cluster with high probability just if they do so in the known partition.

    Formula:
        L = mean over sets and pairs of -w_1 log p_ij in a cluster, else -w_0 log(1 - p_ij)
        p_ij = sum_k P(k) sum_l P(l | i, k) P(l | j, k)

    Losses:
        pairs: the weighted binary cross-entropy of the probability that two objects share a
            cluster, in nats, >= 0; the mean over the sets of the mean over their pairs. Gradient
            flows into both mappings of the strategy.

    Shapes:
        samples (b, n, *object_shape), sets

    Args:
        method_assignment: the strategy, which partitions sets.
        pair_weighting: `balanced` gives the rarer of the two kinds of pairs a larger weight, by the
            root of the expected share of the other one; `equal` gives both 1.

    Source: Meier, Elezi, Amirian, Duerr & Stadelmann, ANNPR 2018, cluster assignment loss,
        https://arxiv.org/abs/1807.04001; the roots stand in the authors' code.
    """

    loss_names = ("pairs",)

    def __init__(self, *, method_assignment: SetPartition, pair_weighting: str) -> None:
        super().__init__()
        self.strategy, self.pair_weighting = method_assignment, pair_weighting

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of the pairs."""
        problems = problems_in(batch)
        probabilities = co_membership(
            self.strategy.count_log_probabilities(batch.samples).exp(),
            self.strategy.index_log_probabilities(batch.samples).exp(),
        )
        return {"pairs": pair_loss(probabilities, problems.partition, self._weights(problems))}

    def _weights(self, problems: ProblemBatch) -> tuple[float, float]:
        return pair_weights(problems.same_share) if self.pair_weighting == BALANCED else (1.0, 1.0)
