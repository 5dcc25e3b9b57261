"""Assigning samples by classical clustering of their features after a phase."""

from torch import Generator

from dcrf.assignment.clustered_features import ClusteredFeatures
from dcrf.batch import Place
from dcrf.clusterings.base import Clustering
from dcrf.mappings.features import Features


class ClassicalClusteringInFeatureSpaceAfterPhase(ClusteredFeatures):
    """Assignments by a classical clustering of the features, once a phase has ended.

    Formula:
        c(i) = the cluster of z_i in a clustering of z_1, ..., z_N

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
        super().__init__(features, classical_clustering_method_after_phase, n_clusters, generator)
        self.phase = classical_clustering_in_feature_space_after_phase

    def is_due(self, place: Place) -> bool:
        """Whether the features are clustered after this phase."""
        return place.phase == self.phase

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.fitted.is_fitted:
            return None
        return f"clusters form after phase {self.phase!r}"
