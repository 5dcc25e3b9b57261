"""Pulling samples toward exemplars, and merging clusters by the dip (DipDECK)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dcrf.assignment.exemplars import Exemplars
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.dip_merging import merged_by_dip, merging_loss, pair_p_values
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.mappings.evaluation_mode import evaluation_mode
from dcrf.mappings.late_buffers import LateBuffers


class DipMerging(LateBuffers, DesignPattern):
    """Pulls samples toward exemplars, more so the more their clusters look like one.

    After each epoch, samples get the nearest exemplar, and pairs of clusters whose union has a
    single mode by the dip's p-value are merged. Then each cluster gets the sample nearest to its
    mean as its exemplar. In the first epoch and in one after a merge, samples keep the clusters
    that they have at its start.

    Formula:
        L = (1 + std(D)) / mean(D) * 1/n sum_i sum_j r_c(i),j |z_i - e_j|^2
        r has the rows of P + I, divided by their sums; P are the p-values of the dips of pairs of
            clusters, D the distances between the exemplars e_j

    Losses:
        distance: units of the features, >= 0, the loss of `merging_loss`. Gradient flows into the
            features of samples and of exemplars.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); exemplars (k, *sample_shape) of the strategy
        `exemplars`, whose number falls. Clusters (N,) that samples keep are in a checkpoint.

    Args:
        method_assignment: the strategy.
        merge_threshold: the smallest p-value of a pair that is merged, in (0, 1].
        max_cluster_size_ratio: of the samples of two clusters that are compared, >= 1.

    Source: Leiber, Bauer, Schelling, Boehm, Plant, KDD 2021, eq. 3-5 and algorithm 1,
        DOI 10.1145/3447548.3467316.
    """

    loss_names = ("distance",)
    late_buffers = ("clusters",)
    clusters: Tensor | None

    def __init__(
        self, *, method_assignment: Exemplars, merge_threshold: float, max_cluster_size_ratio: float
    ) -> None:
        super().__init__()
        self.strategy, self.threshold = method_assignment, merge_threshold
        self.largest_ratio = max_cluster_size_ratio

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Before the first iteration, assign all samples, and compare the pairs of clusters."""
        self.strategy.check_ready()
        if clock.iteration > 1:
            return
        features, _, clusters = self._assigned(data_pass)
        if not features.is_meta:
            groups = [features[clusters == c] for c in range(len(self.strategy.exemplars.samples))]
            p_values = pair_p_values(groups, self.largest_ratio)
            self.strategy.exemplars.p_values = p_values.to(self.strategy.exemplars.p_values)
            self.clusters = clusters

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the distance of the samples from the exemplars."""
        features, centers = self.strategy.features(batch.samples), self.strategy.centers()
        if self.clusters is None:
            clusters = nearest_rows(features.detach(), centers.detach())[0]
        else:
            clusters = self.clusters[batch.indices.to(self.clusters.device)]
        p_values = self.strategy.exemplars.p_values
        return {"distance": merging_loss(features, centers, p_values, clusters)}

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Assign all samples, merge clusters, and choose new exemplars."""
        features, centers, clusters = self._assigned(data_pass)
        if features.is_meta:
            return ()
        merged = merged_by_dip(features, clusters, centers, self.threshold, self.largest_ratio)
        has_merged = len(merged.means) < len(centers)
        self.clusters = merged.clusters if has_merged else None
        self.strategy.choose(features, merged, data_pass)
        return (self.strategy.exemplars.samples,) if has_merged else ()

    def _assigned(self, data_pass: DatasetPass) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features (N, d) of all samples and (k, d) of exemplars, and the clusters (N,).

        All features are those of evaluation mode.
        """
        features = data_pass(lambda batch: self.strategy.features(batch.samples))
        with evaluation_mode(self.strategy), torch.no_grad():
            centers = self.strategy.centers().to(features)
        return features, centers, nearest_rows(features, centers)[0]
