"""Splitting wide clusters and merging near ones, with their number unchanged."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dcrf.assignment.centroids import Centroids
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.functional.split_and_merge import split_and_merge
from dcrf.mappings.features import Features


class SplitAndMerge(DesignPattern):
    """Every few epochs, exchanges centroids of near clusters for those of halves of wide ones.

    Samples belong to their nearest centroids. The two clusters that are cheapest to merge become
    one, and the centroid that this frees goes to a half of the cluster whose split lowers the
    squared distances most. Centroids in no exchange stay; without any exchange, nothing changes.
    A centroid without samples is free.

    Formula:
        cost of a merge = n_a n_b / (n_a + n_b) |mu_a - mu_b|^2
        gain of a split = the decrease of sum_i |z_i - mu_c(i)|^2

    Losses:
        None.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); centroids (k, d). With k below 3, nothing
        changes.

    Args:
        features: maps samples to the feature space of the centroids.
        centroids: (k, d), initialized. Optimizers forget their momentum after exchanges.
        split_interval: epochs between two trials.
        max_exchanges: largest number of exchanges in a trial.
        least_gain_ratio: > 0; a split must save more than this times the cost of its merge.

    Source: Kaukoranta, Franti, Nevalainen, Optical Engineering 37(10), 1998, DOI 10.1117/1.601810,
        which keeps the number of clusters, unlike ISODATA (Ball & Hall 1965).
    """

    def __init__(
        self,
        *,
        features: Features,
        centroids: Centroids,
        split_interval: int,
        max_exchanges: int,
        least_gain_ratio: float,
    ) -> None:
        super().__init__()
        self.features, self.centroids = features, centroids
        self.interval, self.largest_number = split_interval, max_exchanges
        self.least_ratio = least_gain_ratio

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Exchange centroids if a trial is due."""
        if clock.epoch % self.interval:
            return ()
        features, before = data_pass(self._features), self.centroids.values.detach()
        if features.is_meta:
            return ()
        clusters = nearest_rows(features, before)[0]
        after = split_and_merge(features, clusters, before, self.largest_number, self.least_ratio)
        if torch.equal(before, after):
            return ()
        self.centroids.set_values(after)
        return (self.centroids.values,)

    def _features(self, batch: Batch) -> Tensor:
        return self.features(batch.samples)
