"""Encouraging cluster formation by assigning nearest neighbors to the same cluster (SCAN)."""

import torch
from torch import Generator, Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError
from dcrf.functional.neighbors import nearest_neighbors, neighbor_consistency
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping


class NeighborConsistency(DesignPattern):
    """-log of the inner product of the assignments of a sample and of one of its neighbors.

    Neighbors are mined once, before the first iteration of the phase, in the features that the
    mapping has then. Every iteration draws one of them for each sample. The second term of SCAN is
    `assignment_entropy`, with a loss weight of 5.

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
    neighbors: Tensor | None

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
        self.assignment, self.features = assignment, Features(associated_feature_extractor)
        self.num_neighbors, self.metric = num_neighbors, neighbor_metric
        self.generator = generator
        self.register_buffer("neighbors", None, persistent=False)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Mine the neighbors if that has not happened yet."""
        if self.neighbors is not None:
            return
        if self.num_neighbors >= data_pass.n_samples:
            raise OptionError(
                "num_neighbors",
                f"{self.num_neighbors} neighbors of each sample need at least "
                f"{self.num_neighbors + 1} samples, but the data set has {data_pass.n_samples}",
            )
        features = data_pass(lambda b: self.features(b.samples))
        self.neighbors = nearest_neighbors(features, self.num_neighbors, self.metric)

    def companions(self, indices: Tensor) -> Tensor:
        """Draw a neighbor (n, 1) of each sample."""
        if self.neighbors is None:
            raise RuntimeError("before_iteration has not been called: it mines the neighbors")
        rows = indices.to(self.neighbors.device)
        draws = torch.randint(self.num_neighbors, rows.shape, generator=self.generator)
        # in the order of the indices, so that a draw does not depend on the place in the batch
        draws = draws.to(rows.device)[rows.argsort().argsort()]
        return self.neighbors[rows, draws].unsqueeze(1)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the consistency of the samples with their neighbors."""
        if batch.companions is None:
            raise RuntimeError("the batch has no companions")
        neighbors = self.assignment(batch.companions.squeeze(1))
        return {"consistency": neighbor_consistency(self.assignment(batch.samples), neighbors)}

    def get_extra_state(self) -> dict[str, Tensor | None]:
        """Return the neighbors: load_state_dict cannot restore a buffer that is None."""
        return {"neighbors": self.neighbors}

    def set_extra_state(self, state: dict[str, Tensor | None]) -> None:
        """Restore `get_extra_state`'s result."""
        self.neighbors = state["neighbors"]
