"""Assigning samples by classical clustering of their features after a phase."""

from torch import Generator, Tensor

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import Centroids
from dcrf.batch import DatasetPass, DatasetRows
from dcrf.clusterings.table import CLUSTERINGS
from dcrf.functional.assignments import nearest_center_log_assignments
from dcrf.mappings.features import extract_features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import draw_seed


class ClassicalClusteringInFeatureSpaceAfterPhase(Assignment):
    """Hard assignments to the nearest center of a classical clustering.

    Args:
        associated_feature_extractor: maps samples to features (n, d).
        classical_clustering_in_feature_space_after_phase: name of the phase. When it has ended,
            the features of the whole data set are clustered.
        classical_clustering_method_after_phase: a key of `CLUSTERINGS`.
        classical_clustering_in_feature_space_after_phase_num_restarts: of the clustering, >= 1.
        n_clusters: k.
        generator: draws the seed of the clustering.
    """

    def __init__(
        self,
        *,
        associated_feature_extractor: TrainableMapping,
        classical_clustering_in_feature_space_after_phase: str,
        classical_clustering_method_after_phase: str,
        classical_clustering_in_feature_space_after_phase_num_restarts: int,
        n_clusters: int,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.feature_extractor = associated_feature_extractor
        self.phase = classical_clustering_in_feature_space_after_phase
        self.cluster = CLUSTERINGS[classical_clustering_method_after_phase]
        self.num_restarts = classical_clustering_in_feature_space_after_phase_num_restarts
        self.n_clusters, self.generator = n_clusters, generator
        self.centers = Centroids(n_clusters)

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k) log-assignments: 0 for the nearest center, minus infinity for others."""
        self.check_ready()
        return nearest_center_log_assignments(self.features(samples), self.cluster_centers())

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return extract_features(self.feature_extractor, samples)

    def cluster_centers(self) -> Tensor:
        """Return the centers (k, d)."""
        return self.centers.values.detach()

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.centers.are_initialized:
            return None
        return f"clusters form after phase {self.phase!r}"

    def after_phase(self, phase: str, data_pass: DatasetPass) -> None:
        """Cluster the features of the whole data set if `phase` is the configured one."""
        if phase == self.phase:
            features = DatasetRows(data_pass, self.features)
            seed = draw_seed(self.generator)
            self.centers.set_values(
                self.cluster(features, self.n_clusters, self.num_restarts, seed)
            )
