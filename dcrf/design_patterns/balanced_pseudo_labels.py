"""Encouraging cluster formation by predicting balanced assignments of another view (SwAV)."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.balanced_assignments import swapped_cross_entropy
from dcrf.schedules.base import Schedule


class BalancedPseudoLabels(DesignPattern):
    """Each view of a sample predicts the pseudo-label of the other one.

    The pseudo-labels are soft assignments that give every cluster the same share of the batch, by
    the Sinkhorn-Knopp algorithm. A batch should have several times as many samples as clusters.

    Formula:
        L = -1/n sum_i sum_j [y'_ij log p_ij + y_ij log p'_ij], of the views x and x'
        p_ij = softmax_j(s_ij / tau)
        y maximizes <y, s> + epsilon H(y) among all y with sum_i y_ij = n / k

    Losses:
        cross_entropy: nats per sample, >= 0, the sum of both directions. Gradient flows through the
            predictions into feature extractor and centroids or classifier, never through the
            pseudo-labels.

    Shapes:
        views `first` and `second`, (n, *sample_shape) each -> log-assignments (n, k) each, which
        are the scores. A constant per sample, by which they differ from logits, changes neither the
        predictions nor the pseudo-labels that the algorithm converges to.

    Args:
        assignment: maps samples to (n, k) log soft assignments. SwAV uses a linear classifier of
            features of length 1.
        temperature_parameter: schedule of tau, the divisor of the predicting scores, > 0.
        sinkhorn_regularization: epsilon, the divisor of the scores of pseudo-labels, > 0.
        num_sinkhorn_iterations: normalizations of clusters and samples, >= 1.

    Source: Caron et al., NeurIPS 2020, eq. 1-5, https://arxiv.org/abs/2006.09882; Asano,
        Rupprecht, Vedaldi, ICLR 2020, https://arxiv.org/abs/1911.05371, for log-probabilities as
        scores. Without the queue of features for batches smaller than the number of clusters.
    """

    loss_names = ("cross_entropy",)

    def __init__(
        self,
        *,
        assignment: Assignment,
        temperature_parameter: Schedule,
        sinkhorn_regularization: float,
        num_sinkhorn_iterations: int,
    ) -> None:
        super().__init__()
        self.assignment = assignment
        self.temperature = temperature_parameter
        self.regularization = sinkhorn_regularization
        self.num_iterations = num_sinkhorn_iterations

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropies of both views with the pseudo-labels of the other one."""
        first, second = (self.assignment(batch.views[role]) for role in ("first", "second"))
        loss = swapped_cross_entropy(
            first,
            second,
            self.temperature(batch.clock),
            self.regularization,
            self.num_iterations,
        )
        return {"cross_entropy": loss}
