"""Separating each pair of clusters on a projection by Hartigan's dip (DipEncoder)."""

from collections.abc import Sequence

from torch import Generator, Tensor

from dcrf.assignment.dip_projections import DipProjections
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.dip_projections import dip_separation
from dcrf.mappings.late_buffers import LateBuffers


class DipSeparation(LateBuffers, DesignPattern):
    """Makes each cluster unimodal, and both clusters of a pair multimodal, on the pair's axis.

    After each epoch, the thresholds of the strategy `dip_projections` move between the clusters,
    and samples are assigned again by votes. The clusters of an epoch stay as they are.

    Formula:
        L = mean over pairs of clusters of d_m^2 + d_n^2 - d_mn + 2 d_mn^2
        d is the dip of the projections of the samples of m, of n, and of both

    Losses:
        separation: in [-1/8, 1/8], the mean over pairs of clusters of d_m^2 + d_n^2 - d_mn +
            2 d_mn^2 with the dips of cluster m, of n, and of both. Gradient flows into features and
            axes, at three samples of each dip.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); axes (k (k - 1) / 2, d). Clusters (N,) of the
        whole data set are looked up by `Batch.indices`; a checkpoint keeps them.

    Args:
        method_assignment: the strategy, which owns axes and thresholds.
        min_cluster_samples: a pair of clusters counts if a batch has so many samples of both.
        max_cluster_size_ratio: of the samples of two clusters; a larger cluster is drawn from.
        generator: draws these samples.

    Source: Leiber, Bauer, Neumayr, Plant, Boehm, KDD 2022, eq. 3-5,
        DOI 10.1145/3534678.3539407.
    """

    loss_names = ("separation",)
    late_buffers = ("clusters",)
    clusters: Tensor | None

    def __init__(
        self,
        *,
        method_assignment: DipProjections,
        min_cluster_samples: int,
        max_cluster_size_ratio: float,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.strategy = method_assignment
        self.fewest, self.largest_ratio = min_cluster_samples, max_cluster_size_ratio
        self.generator = generator

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Assign all samples if that has not happened yet."""
        if self.clusters is None:
            self.clusters = self.strategy.clusters_of(data_pass(self._features))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the separation of the clusters in a batch."""
        if self.clusters is None:
            raise RuntimeError("before_iteration has not been called: it assigns the samples")
        features = self.strategy.features(batch.samples)
        axes = self.strategy.projections.axes
        if features.is_meta:
            return {"separation": features.sum() * axes.sum()}
        # in the order of the indices, so that a draw does not depend on the place in the batch
        order = batch.indices.argsort().to(features.device)
        clusters = self.clusters[batch.indices.to(self.clusters.device)]
        separation = dip_separation(
            features[order], clusters[order], axes, self.strategy.n_clusters,
            self.fewest, self.largest_ratio, self.generator,
        )  # fmt: skip
        return {"separation": separation}

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Move the thresholds between the clusters, then assign all samples again."""
        if self.clusters is None:
            raise RuntimeError("before_iteration has not been called: it assigns the samples")
        features = data_pass(self._features)
        if not features.is_meta:
            self.strategy.move_thresholds(features, self.clusters)
        self.clusters = self.strategy.clusters_of(features)
        return ()

    def _features(self, batch: Batch) -> Tensor:
        return self.strategy.features(batch.samples)
