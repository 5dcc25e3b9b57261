"""Encouraging cluster formation by triplets of clusters that are merged at intervals (JULE)."""

import math
from collections.abc import Sequence

from torch import Generator, Tensor

from dcrf.assignment.merged_clusters import MergedClusters
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.triplets import draw_triplets, weighted_triplet_loss


class AgglomerativeTriplets(DesignPattern):
    """Samples of a cluster are nearer to each other than to samples of other clusters.

    After a number of epochs, a share of the clusters of the strategy is merged by their affinity in
    the features, until k are left. So features learn from merges that have been made with them.

    Formula:
        L = mean over triplets of max(0, g |z_a - z_p|^2 - |z_a - z_n|^2 + margin)
        a and p are of one cluster, n is of another one

    Losses:
        triplet: squared units of the features, >= 0, the mean over triplets of a batch; 0 if no two
            samples have one cluster, or all have. Gradient flows into the features.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); triplets (t,) of each ordered pair of samples
        of one cluster with `num_negatives` samples of others. The clusters (N,) of the strategy
        `merged_clusters` are looked up by `Batch.indices`.

    Args:
        method_assignment: the strategy.
        n_clusters: k of the data set.
        epochs_between_merges: of the phase; merges are made at the end of the last of them.
        unrolling_rate: eta, the share of the clusters that joins others each time, rounded up.
        margin: by which squared distances to negatives exceed those to positives.
        positive_weight: gamma, of squared distances to positives.
        num_negatives: of each pair, drawn from the batch with replacement.
        generator: draws the negatives.

    Source: Yang, Parikh, Batra, CVPR 2016, eq. 11, https://arxiv.org/abs/1604.03628, with the hinge
        of the authors' code. That draws without replacement, and takes each pair in one order.
    """

    loss_names = ("triplet",)

    def __init__(
        self,
        *,
        method_assignment: MergedClusters,
        n_clusters: int,
        epochs_between_merges: int,
        unrolling_rate: float,
        margin: float,
        positive_weight: float,
        num_negatives: int,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.strategy, self.n_clusters = method_assignment, n_clusters
        self.n_epochs, self.rate = epochs_between_merges, unrolling_rate
        self.margin, self.positive_weight = margin, positive_weight
        self.n_negatives, self.generator = num_negatives, generator

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the triplet loss of the batch."""
        order = batch.indices.argsort()  # so that a draw does not depend on the place in the batch
        clusters = self.strategy.current_clusters(batch.indices[order])
        features = self.strategy.features(batch.samples)
        if features.is_meta:
            return {"triplet": features.mean()}
        triplets = draw_triplets(clusters.to(features.device), self.n_negatives, self.generator)
        rows = features[order.to(features.device)]
        loss = weighted_triplet_loss(rows, triplets, self.margin, self.positive_weight)
        return {"triplet": loss}

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Merge clusters if that is due."""
        if clock.epoch % self.n_epochs == 0 and not self.strategy.merged.clusters.is_meta:
            number = self.strategy.merged.number
            left = number - math.ceil(self.rate * number)
            self.strategy.merge(max(left, self.n_clusters), data_pass)
            if self.strategy.merged.number < number:
                return (self.strategy.merged.clusters,)
        return ()
