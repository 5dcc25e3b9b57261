"""Assigning samples by classical clustering of their features after a phase."""

from torch import Generator, Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import Clustering
from dcrf.mappings.features import Features


class ClassicalClusteringInFeatureSpaceAfterPhase(Assignment):
    """Assignments by a classical clustering of the features, once a phase has ended.

    Args:
        features: maps samples to features (n, d).
        classical_clustering_in_feature_space_after_phase: name of the phase. When it has ended,
            the features of the whole data set are clustered.
        classical_clustering_method_after_phase: the clustering.
        n_clusters: k.
        generator: of the clustering's random numbers.

    fitted: the clusters, unfitted until the phase has ended.
    """

    def __init__(
        self,
        *,
        features: Features,
        classical_clustering_in_feature_space_after_phase: str,
        classical_clustering_method_after_phase: Clustering,
        n_clusters: int,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.feature_module = features
        self.phase = classical_clustering_in_feature_space_after_phase
        self.clustering = classical_clustering_method_after_phase
        self.n_clusters, self.generator = n_clusters, generator
        self.fitted = self.clustering.unfitted()

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k) log-assignments. A row of minus infinity is noise."""
        self.check_ready()
        return self.fitted.log_assignments(self.features(samples))

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def cluster_centers(self) -> Tensor | None:
        """Return the centers (k, d), or None if the clusters have none."""
        return self.fitted.centers if self.fitted.is_fitted else None

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.fitted.is_fitted:
            return None
        return f"clusters form after phase {self.phase!r}"

    def owned(self) -> nn.Module:
        """Return the fitted clusters, and the statistics of standardized features."""
        statistics = self.feature_module.owned()
        if statistics is None:
            return self.fitted
        return nn.ModuleDict({"fitted": self.fitted, "features": statistics})

    def after_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Cluster the features of the whole data set if the phase is the configured one."""
        if place.phase == self.phase:
            features = self.feature_module.rows(data_pass)
            self.fitted = self.clustering.fit(features, self.n_clusters, self.generator)
