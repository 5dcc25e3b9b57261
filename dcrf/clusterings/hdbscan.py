"""HDBSCAN, by scikit-learn."""

import torch
from sklearn.cluster import HDBSCAN
from torch import Generator

from dcrf.clusterings.base import Clustering, FeatureRows, all_rows, centered, reproducible
from dcrf.clusterings.fitted import NearestSample
from dcrf.errors import ClusteringError

_SCIKIT_LEARN = {"excess_of_mass": "eom", "leaves": "leaf"}


class Hdbscan(Clustering):
    """Density-based clustering over all densities (Campello, Moulavi, Sander, PAKDD 2013).

    The number of clusters is found, at least two, whatever `num_clusters` is.

    New samples: the cluster of the nearest sample, or noise if that is noise.

    Args:
        min_cluster_size: samples of a cluster at least, >= 2.
        cluster_selection: `excess_of_mass` or `leaves`.
        min_samples: the neighbor, itself counted first, whose distance is the inverse density of a
            sample, >= 1; None for `min_cluster_size`.
    """

    def __init__(
        self,
        *,
        min_cluster_size: int,
        cluster_selection: str,
        min_samples: int | None = None,
    ) -> None:
        self.min_cluster_size, self.cluster_selection = min_cluster_size, cluster_selection
        self.min_samples = min_samples or min_cluster_size

    def unfitted(self) -> NearestSample:
        """Return a result without samples."""
        return NearestSample.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Raise ClusteringError if there are too few samples for two clusters or for a density."""
        if n_samples < 2 * self.min_cluster_size:
            raise ClusteringError(
                f"{n_samples} samples cannot form two clusters, since min_cluster_size is "
                f"{self.min_cluster_size}"
            )
        if n_samples < self.min_samples:
            raise ClusteringError(f"min_samples is {self.min_samples} of {n_samples} samples")

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestSample:
        """Return all samples with their clusters.

        Raises:
            ClusteringError: all samples are noise.
        """
        values = all_rows(rows)
        array, _ = centered(values)
        model = HDBSCAN(
            min_cluster_size=self.min_cluster_size,
            min_samples=self.min_samples,
            cluster_selection_method=_SCIKIT_LEARN[self.cluster_selection],
            copy=True,
        )
        with reproducible():
            clusters = torch.from_numpy(model.fit(array).labels_).to(values.device, torch.int64)
        if (found := int(clusters.max()) + 1) == 0:
            raise ClusteringError(
                f"all {len(values)} samples are noise: lower min_cluster_size, now "
                f"{self.min_cluster_size}, or min_samples, now {self.min_samples}"
            )
        return NearestSample(values, clusters, found)
