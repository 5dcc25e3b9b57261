"""Recalculating centroids as running means of the features assigned to them (DCN)."""

import torch
from torch import Tensor

from dcrf.assignment.centroids import Centroids
from dcrf.batch import Batch, Clock
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.assignments import squared_distances
from dcrf.functional.running_means import running_means
from dcrf.mappings.evaluation_mode import evaluation_mode
from dcrf.mappings.features import Features


class RunningMeanCentroids(DesignPattern):
    """Moves the centroids of the method toward the features of each batch, after the step.

    Each sample of the batch belongs to its nearest centroid. A centroid moves toward the mean of
    its samples with a rate that falls as 1 / count. Beside `reconstruction` and
    `assignment_reinforcement`, it completes DCN; alone, it is mini-batch k-means of the features.

    Formula:
        count_j <- count_j + r_j, with the r_j samples of the batch that are nearest to mu_j
        mu_j <- mu_j + sum_i (z_i - mu_j) / count_j, over these samples

    Losses:
        None.

    Shapes:
        samples (n, *sample_shape) -> features (n, d) of the mapping that the optimizers have just
        changed, in evaluation mode; centroids (k, d); counts (k,), which a checkpoint keeps.

    Args:
        features: maps samples to the feature space of the centroids.
        centroids: (k, d), initialized.
        n_clusters: k.
        initial_count: number of samples that each centroid stands for at the start of the phase.
            The more, the slower it moves.

    Source: Yang, Fu, Sidiropoulos, Hong, ICML 2017, eq. 8, https://arxiv.org/abs/1610.04794. The
        authors' code starts with a count of 100.
    """

    counts: Tensor

    def __init__(
        self,
        *,
        features: Features,
        centroids: Centroids,
        n_clusters: int,
        initial_count: int,
    ) -> None:
        super().__init__()
        self.features, self.centroids = features, centroids
        device = centroids.values.device
        self.register_buffer("counts", torch.full((n_clusters,), initial_count, device=device))

    def after_step(self, clock: Clock, batch: Batch) -> None:
        """Move the centroids toward the features of the batch."""
        with evaluation_mode(self.features):
            features = self.features(batch.samples)
        centroids = self.centroids.values.detach()
        nearest = squared_distances(features, centroids).argmin(dim=1)
        means, self.counts = running_means(centroids, self.counts, features, nearest)
        self.centroids.set_values(means)
