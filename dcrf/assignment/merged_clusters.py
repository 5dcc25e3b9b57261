"""Assigning samples to clusters that are merged while features are trained (JULE)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import all_rows, check_finite, check_neighbors
from dcrf.errors import ClusteringError, TooFewSamplesError
from dcrf.functional.assignments import hard_log_assignments
from dcrf.functional.graph_degree_linkage import (
    connected_nearest_neighbors,
    merged_by_affinity,
    neighbor_affinities,
)
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.functional.neighbors import nearest_neighbors
from dcrf.mappings.features import Features
from dcrf.storage.sized_later import SizedLater


class MergedClusters(Assignment):
    """Hard assignments to clusters that a pattern has merged during a phase.

    Before the phase, each sample of the data set is connected with its nearest neighbor, by the
    distances of samples of length 1 as in the authors' code. The connected ones are the first
    clusters. The pattern `agglomerative_triplets` merges them by their affinity in the features.
    After the phase, they are merged until k are left, and a sample gets the cluster of the sample
    with the nearest features.

    Formula:
        A(a, b) = 1^T W_ab W_ba 1 / |a|^2 + 1^T W_ba W_ab 1 / |b|^2, the affinity of clusters
        W_ij = exp(-|z_i - z_j|^2 / s^2) for the nearest neighbors j of i, else 0

    Args:
        features: maps samples to features (n, d).
        n_clusters: k.
        merging_phase: name of the phase.
        num_neighbors: of each sample, without itself, K_s.
        affinity_scale: a, of the mean squared distance of neighbors, in the exponent of affinities.
        num_compared_clusters: K_c, the nearest clusters whose affinities are compared.
        gap_weight: lambda, of the mean difference between the largest affinity and the others.
        min_cluster_size: clusters with fewer samples join others once enough larger ones are left.

    Source: Yang, Parikh, Batra, CVPR 2016, https://arxiv.org/abs/1604.03628.
    """

    def __init__(
        self,
        *,
        features: Features,
        n_clusters: int,
        merging_phase: str,
        num_neighbors: int,
        affinity_scale: float,
        num_compared_clusters: int,
        gap_weight: float,
        min_cluster_size: int,
    ) -> None:
        super().__init__()
        self.feature_module, self.n_clusters, self.phase = features, n_clusters, merging_phase
        self.n_neighbors, self.scale = num_neighbors, affinity_scale
        self.n_compared, self.gap_weight = num_compared_clusters, gap_weight
        self.least_size = min_cluster_size
        self.merged = _Clusters()

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k): 0 for the cluster of the nearest sample, minus infinity for others."""
        self.check_ready()
        features = self.features(samples)
        nearest, _ = nearest_rows(features, self.merged.features)
        clusters = self.merged.clusters[nearest]
        return hard_log_assignments(clusters, self.n_clusters).to(features.dtype)

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.merged.features.ndim > 1:
            return None
        return f"clusters are merged until phase {self.phase!r} has ended"

    def owned(self) -> nn.Module:
        """Return the clusters, and the statistics of standardized features."""
        return self.feature_module.with_statistics("merged", self.merged)

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Connect nearest neighbors if this is the phase.

        Raises:
            TooFewSamplesError: fewer samples than clusters.
            ClusteringError: fewer samples than neighbors.
        """
        if place.phase != self.phase:
            return
        n = data_pass.n_samples
        if n < self.n_clusters:
            raise TooFewSamplesError(f"{n} samples cannot form {self.n_clusters} clusters")
        check_neighbors(n, self.n_neighbors, "num_neighbors of the cluster assignment strategy")
        rows = data_pass(lambda batch: F.normalize(batch.samples.flatten(1), dim=1))
        if rows.is_meta:
            self.merged.clusters = rows.new_empty(n, dtype=torch.int64)
            return
        neighbors = nearest_neighbors(rows, 1, "euclidean")
        self.merged.clusters = connected_nearest_neighbors(neighbors, self.n_clusters)

    def after_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Merge the clusters until k are left, if this is the phase."""
        if place.phase != self.phase:
            return
        self.merged.features = self.merge(self.n_clusters, data_pass)

    def current_clusters(self, indices: Tensor) -> Tensor:
        """Return the clusters (n,) that samples at indices (n,) have during the phase.

        Raises:
            ClusteringError: the phase has not started.
        """
        if not self.merged.clusters.numel():
            raise ClusteringError(f"clusters are merged in phase {self.phase!r} only")
        return self.merged.clusters[indices.to(self.merged.clusters.device)]

    def merge(self, number: int, data_pass: DatasetPass) -> Tensor:
        """Merge the clusters by their affinity until at most `number` are left.

        Returns:
            (N, d) features of all samples, by which they are merged.

        Raises:
            DivergedError: NaN or infinite features.
        """
        features = all_rows(self.feature_module.rows(data_pass)).detach()
        check_finite(features)
        if not features.is_meta and self.merged.number > number:
            neighbors = nearest_neighbors(features, self.n_neighbors, "euclidean")
            affinities = neighbor_affinities(features, neighbors, self.scale)
            self.merged.clusters = merged_by_affinity(
                affinities,
                self.merged.clusters,
                features,
                number,
                self.n_compared,
                self.gap_weight,
                self.least_size,
            )
        return features


class _Clusters(SizedLater):
    """The clusters of the samples of the data set.

    clusters: (N,) int64; empty before the phase.
    features: (N, d) by which new samples are assigned; empty until the phase has ended.
    """

    clusters: Tensor
    features: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("clusters", torch.empty(0, dtype=torch.int64))
        self.register_buffer("features", torch.empty(0))

    @property
    def number(self) -> int:
        """The number of clusters."""
        return int(self.clusters.max()) + 1
