"""Encouraging cluster formation by maximizing the margin between clusters."""

import torch
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OutputShapeError
from dcrf.functional.assignments import most_probable_clusters
from dcrf.functional.maximum_margin import hinge_loss
from dcrf.mappings.mapping import TrainableMapping


class MaximumMargin(DesignPattern):
    """A hinge loss between the score of a sample for its own cluster and the best other score.

    The cluster of a sample is its most probable one, a constant. If the head is the classifier of
    the assignments, it is the cluster with the largest score, as in NMMC. All samples in one
    cluster have no loss: `assignment_entropy` prevents it.

    Formula:
        L_hinge = 1/n sum_i max(0, margin + max_(j != c(i)) s_ij - s_i,c(i))
        L_weight_norm = 1/2 sum of the squared weights of the head

    Losses:
        hinge: units of the scores per sample, >= 0. Gradient flows into the head and the mappings
            before it.
        weight_norm: half the squared norm of the head's own weights, without biases, >= 0.

    Shapes:
        samples (n, *sample_shape) -> scores (n, k), log-assignments (n, k).

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        margin_head: maps samples to a score for each cluster; a final Softmax is left out.
        margin: the wanted difference of scores, > 0.
        n_clusters: k.

    Raises:
        OutputShapeError: the head's output width is not k.

    Source: Chen, Deep learning with nonparametric clustering, 2015, section 3.2,
        https://arxiv.org/abs/1501.03084, with a fixed k in place of the Dirichlet process.
    """

    loss_names = ("hinge", "weight_norm")

    def __init__(
        self,
        *,
        assignment: Assignment,
        margin_head: TrainableMapping,
        margin: float,
        n_clusters: int,
    ) -> None:
        super().__init__()
        self.assignment, self.head = assignment, margin_head
        self.margin, self.n_clusters = margin, n_clusters

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the hinge loss of the samples, and the norm of the head's weights."""
        scores = self.head.log_probabilities(batch.samples)  # differences are those of the logits
        if scores.shape[1:] != (self.n_clusters,):
            raise OutputShapeError(
                self.head,
                f"a margin head's output has shape {tuple(scores.shape[1:])} per sample, but "
                f"num_clusters is {self.n_clusters}",
            )
        clusters = most_probable_clusters(self.assignment(batch.samples))
        weights = [p for p in self.head.parameters() if p.ndim > 1]
        norm = 0.5 * torch.stack([weight.square().sum() for weight in weights]).sum()
        return {"hinge": hinge_loss(scores, clusters, self.margin), "weight_norm": norm}
