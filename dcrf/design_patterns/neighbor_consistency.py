"""Encouraging cluster formation by assigning nearest neighbors to the same cluster (SCAN)."""

from torch import Generator, Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.neighbors import neighbor_consistency
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.neighbors import NeighborDraws


class NeighborConsistency(DesignPattern):
    """-log of the inner product of the assignments of a sample and of one of its neighbors.

    Neighbors are mined once, before the first iteration of the phase, in the features that the
    mapping has then. Every iteration draws one of them for each sample. The second term of SCAN is
    `assignment_entropy`, with a loss weight of 5.

    Formula:
        L = -1/n sum_i log sum_j q_ij q'_ij, with q' of a neighbor of i

    Losses:
        consistency: nats per sample, >= 0, and 0 only if both are assigned to one and the same
            cluster with certainty. Gradient flows through both assignments.

    Shapes:
        samples (n, *sample_shape) and companions (n, 1, *sample_shape) -> log-assignments (n, k).
        Features (N, d) of the default view of the whole data set -> neighbors (N, num_neighbors),
        which a checkpoint keeps. They are exact, and mined in blocks of bounded memory.

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        associated_feature_extractor: maps samples to the features in which neighbors are near.
        num_neighbors: of each sample, without itself.
        neighbor_metric: `cosine`, the angle between features as in the paper, or `euclidean`.
        generator: draws the neighbors.

    Raises:
        OptionError: the data set has fewer other samples than neighbors.

    Source: Van Gansbeke et al., ECCV 2020, eq. 2, https://arxiv.org/abs/2005.12320. The authors'
        code counts each sample among its own neighbors.
    """

    loss_names = ("consistency",)

    def __init__(
        self,
        *,
        assignment: Assignment,
        associated_feature_extractor: TrainableMapping,
        num_neighbors: int,
        neighbor_metric: str,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.assignment = assignment
        features = Features(associated_feature_extractor)
        self.neighbors = NeighborDraws(features, num_neighbors, neighbor_metric, generator)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Mine the neighbors if that has not happened yet."""
        self.neighbors.mine_once(data_pass)

    def companions(self, indices: Tensor) -> Tensor:
        """Draw a neighbor (n, 1) of each sample."""
        return self.neighbors.draw(indices)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the consistency of the samples with their neighbors."""
        if batch.companions is None:
            raise RuntimeError("the batch has no companions")
        neighbors = self.assignment(batch.companions.squeeze(1))
        return {"consistency": neighbor_consistency(self.assignment(batch.samples), neighbors)}
