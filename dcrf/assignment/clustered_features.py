"""Assigning samples by a clustering of their features."""

from collections.abc import Collection

from torch import Generator, Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import Clustering
from dcrf.mappings.features import Features


class ClusteredFeatures(Assignment):
    """Assignments by a clustering that is fitted to the features once a phase has ended.

    Args:
        features: maps samples to features (n, d).
        clustering: of these features.
        n_clusters: k.
        generator: of the clustering's random numbers.
        places: data sets and phases after which to cluster.

    fitted: the clusters, unfitted until then.
    """

    def __init__(
        self,
        features: Features,
        clustering: Clustering,
        n_clusters: int,
        generator: Generator,
        places: Collection[Place] = (),
    ) -> None:
        super().__init__()
        self.feature_module, self.clustering = features, clustering
        self.n_clusters, self.generator = n_clusters, generator
        self.places = frozenset(places)
        self.fitted = clustering.unfitted()

    def is_due(self, place: Place) -> bool:
        """Whether the features are clustered after this phase on this data set."""
        return place in self.places

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
        return None if self.fitted.is_fitted else "the features are not clustered yet"

    def owned(self) -> nn.Module:
        """Return the fitted clusters, and the statistics of standardized features."""
        return self.feature_module.with_statistics("fitted", self.fitted)

    def after_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Cluster the features of the whole data set if that is due."""
        if self.is_due(place):
            features = self.feature_module.rows(data_pass)
            self.fitted = self.clustering.fit(features, self.n_clusters, self.generator)
