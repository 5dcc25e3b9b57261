"""Pulling samples toward the centers of several subspaces (ENRC, ACeDeC)."""

import math

import torch
from torch import Generator, Tensor

from dcrf.assignment.subspaces import Subspaces
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.subspaces import decayed_means, replaced_means, subspace_k_means
from dcrf.mappings.evaluation_mode import evaluation_mode


class SubspaceKMeans(DesignPattern):
    """Weighted squared distance of rotated features from the nearest center of each subspace.

    After the step, the rotation becomes the nearest orthogonal matrix, and centers move toward the
    samples of the batch. A center without samples in more batches in a row than the square root of
    the iteration becomes a random sample of the batch. Beside `reconstruction`, it completes
    ACeDeC and ENRC. Their reconstruction of the features rotated forth and back equals the plain
    one, since the rotation is orthogonal.

    Formula:
        L = 1/(s n) sum_s sum_i min_j sum_l (w_sl (u_il - m_sjl))^2, with the rotated features u

    Losses:
        distance: squared units of the features, >= 0, the mean over subspaces and samples. Gradient
            flows into features, rotation and weights, not into centers.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); rotation (d, d), weights (s, d) and centers
        (k_s, d) of the strategy `subspaces`. Decayed counts of samples, and of batches without
        any, (sum of k_s,), are kept by a checkpoint.

    Args:
        method_assignment: the strategy, which owns the subspaces.
        center_learning_rate: share of a batch in the decayed counts, in (0, 1]; a single center
            moves by it toward the mean of the batch.
        generator: draws the samples that replace centers.

    Source: Miklautz et al., AAAI 2020, eq. 4 and algorithm 1, DOI 10.1609/aaai.v34i04.5961.
    """

    loss_names = ("distance",)
    counts: Tensor
    lonely: Tensor

    def __init__(
        self,
        *,
        method_assignment: Subspaces,
        center_learning_rate: float,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.strategy, self.rate = method_assignment, center_learning_rate
        self.generator = generator
        centers = self.strategy.subspaces.centers
        self.register_buffer("counts", centers.new_zeros(len(centers)))
        self.register_buffer("lonely", torch.zeros_like(self.counts, dtype=torch.int64))

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Check that the subspaces are initialized."""
        self.strategy.check_ready()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the mean distance of the batch from the centers."""
        own = self.strategy.subspaces
        rows = self.strategy.features(batch.samples) @ own.rotation
        return {"distance": subspace_k_means(rows, own.split(own.centers), own.weights())}

    def after_step(self, clock: Clock, batch: Batch) -> None:
        """Make the rotation orthogonal, and move the centers toward the batch."""
        own = self.strategy.subspaces
        own.make_orthogonal()
        with evaluation_mode(self.strategy.feature_module):
            rows = self.strategy.features(batch.samples) @ own.rotation
        # in the order of the indices, so that a draw does not depend on the place in the batch
        rows = rows[batch.indices.argsort().to(rows.device)]
        centers, counts, lonely = own.split(own.centers), own.split(self.counts), []
        for number, clusters in enumerate(own.nearest_centers(rows)):
            centers[number], counts[number] = decayed_means(
                centers[number], counts[number], rows, clusters, self.rate
            )
            numbers = torch.arange(own.sizes[number], device=clusters.device)
            lonely.append((clusters.unsqueeze(1) != numbers).all(dim=0))
        is_lonely = torch.cat(lonely)
        self.counts = torch.cat(counts)
        self.lonely = torch.where(is_lonely, self.lonely + 1, 0)
        are_replaced = self.lonely > math.isqrt(clock.iteration)
        own.centers = replaced_means(torch.cat(centers), are_replaced, rows, self.generator)
        self.lonely = torch.where(are_replaced, 0, self.lonely)
