"""Pulling samples toward the means that their clusters had after the last epoch (AEC)."""

from collections.abc import Sequence

from torch import Tensor

from dcrf.assignment.centroids import Centroids
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.cluster_means import cluster_means
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.mappings.features import Features
from dcrf.mappings.late_buffers import LateBuffers


class EpochMeanCentroids(LateBuffers, DesignPattern):
    """Squared distance of features from the centroids of clusters that change after each epoch.

    After an epoch, the centroids become the means of the features under the clusters of that
    epoch; then each sample gets the cluster of its nearest centroid, in this order. Beside
    `reconstruction`, it completes AEC, with a loss weight of 0.1 and 1 for reconstructions as a
    mean across elements.

    Formula:
        L = 1/n sum_i |z_i - mu_c(i)|^2

    Losses:
        distance: squared units of the features, >= 0, the mean over samples of the sum over
            dimensions, without a factor 1/2. Gradient flows into the features only.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); centroids (k, d). Clusters (N,) of the whole
        data set are looked up by `Batch.indices`; a checkpoint keeps them. The first clusters are
        those of the nearest centroids before the first iteration.

    Args:
        features: maps samples to the feature space of the centroids.
        centroids: (k, d), initialized. One without samples stays in its place.

    Source: Song, Liu, Huang, Wang, Tan, CIARP 2013, eq. 2-5, DOI 10.1007/978-3-642-41822-8_15.
    """

    loss_names = ("distance",)
    late_buffers = ("clusters",)
    clusters: Tensor | None

    def __init__(self, *, features: Features, centroids: Centroids) -> None:
        super().__init__()
        self.features, self.centroids = features, centroids

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Assign each sample to its nearest centroid if that has not happened yet."""
        if self.clusters is None:
            self.clusters = self._nearest(data_pass(self._features))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the mean squared distance of the features from the centroids of their clusters."""
        if self.clusters is None:
            raise RuntimeError("before_iteration has not been called: it assigns the samples")
        clusters = self.clusters[batch.indices.to(self.clusters.device)]
        differences = self.features(batch.samples) - self.centroids.values.detach()[clusters]
        return {"distance": differences.square().sum(dim=1).mean()}

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Move the centroids to the means of their clusters, then assign the samples again.

        Centroids that another pattern has replaced stay for this epoch.
        """
        if self.clusters is None:
            return ()
        features = data_pass(self._features)
        means = cluster_means(features, self.clusters, self.centroids.values.detach())
        self.centroids.set_values(means)
        self.clusters = self._nearest(features)
        return ()

    def forget_clusters(self) -> None:
        """Assign each sample to its nearest centroid before the next iteration."""
        self.clusters = None

    def _features(self, batch: Batch) -> Tensor:
        return self.features(batch.samples)

    def _nearest(self, features: Tensor) -> Tensor:
        """Return the number (N,) of the nearest centroid of features (N, d)."""
        return nearest_rows(features, self.centroids.values.detach())[0]
