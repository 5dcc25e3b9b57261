"""Encouraging cluster formation by maximizing information between samples and clusters (IMSAT)."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.entropy import mean_entropy, negative_entropy_of_mean


class InformationMaximization(DesignPattern):
    """Makes each sample's assignment certain and the sizes of clusters equal.

    The mutual information of samples and clusters is H(Y) - H(Y|X). IMSAT minimizes
    lambda (H(Y|X) - mu H(Y)): the weights of the two losses are lambda and lambda mu.

    Formula:
        L_conditional_entropy = -1/n sum_i sum_j q_ij log q_ij
        L_negative_marginal_entropy = log k + sum_j p_j log p_j, with p_j = 1/n sum_i q_ij

    Losses:
        conditional_entropy: H(Y|X), the mean entropy of the assignments, in nats, from 0 (all are
            certain) to log k.
        negative_marginal_entropy: log k - H(Y), with H(Y) the entropy of the batch-mean assignment,
            in nats, from 0 (equal cluster sizes) to log k. `assignment_entropy` is this loss alone.
        Gradient of both flows into the assignment: feature extractor, centroids, classifier.

    Shapes:
        samples (n, *sample_shape) -> log-assignments (n, k).

    Args:
        assignment: maps samples to (n, k) log soft assignments.

    Source: Hu et al., ICML 2017, section 3, eq. 7, https://arxiv.org/abs/1702.08720; Krause
        et al., NIPS 2010 (RIM), without its penalty of weights.
    """

    loss_names = ("conditional_entropy", "negative_marginal_entropy")

    def __init__(self, *, assignment: Assignment) -> None:
        super().__init__()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return both terms of the mutual information of the batch."""
        log_assignments = self.assignment(batch.samples)
        return {
            "conditional_entropy": mean_entropy(log_assignments),
            "negative_marginal_entropy": negative_entropy_of_mean(log_assignments),
        }
