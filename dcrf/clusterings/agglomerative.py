"""Agglomerative clustering, by scikit-learn."""

import torch
from sklearn.cluster import AgglomerativeClustering
from sklearn.neighbors import kneighbors_graph
from torch import Generator

from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    all_rows,
    centered,
    check_neighbors,
    check_pairs_fit,
    reproducible,
)
from dcrf.clusterings.fitted import NearestSample

_BYTES_PER_PAIR = 8  # distances in float64, and a copy, of half of the pairs


class Agglomerative(Clustering):
    """Hierarchical clustering from single samples up, cut at k clusters.

    Without connectivity, the distances of all pairs of samples must fit into memory; for the
    linkage `single` they need not. With connectivity, `complete`, `average` and `single` know the
    distances of connected samples only; parts of the graph that are not connected get one edge.

    New samples: the cluster of the nearest sample.

    Args:
        linkage: the distance of two clusters: `ward`, `complete`, `average` or `single`.
        connectivity_num_neighbors: nearest neighbors of each sample that it may be merged with;
            0 for all samples.
    """

    def __init__(self, *, linkage: str, connectivity_num_neighbors: int) -> None:
        self.linkage, self.n_neighbors = linkage, connectivity_num_neighbors

    def unfitted(self) -> NearestSample:
        """Return a result without samples."""
        return NearestSample.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Raise ClusteringError if there are too few samples for the neighbors, too."""
        super().check_number(n_samples, n_clusters)
        check_neighbors(n_samples, self.n_neighbors, "connectivity_num_neighbors")

    def check_size(self, n_samples: int, n_features: int) -> None:
        """Raise ClusteringError if the distances of all pairs would not fit into memory."""
        if not self.n_neighbors and self.linkage != "single":
            remedy = "set connectivity_num_neighbors, or take birch"
            check_pairs_fit(n_samples, _BYTES_PER_PAIR, remedy)

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestSample:
        """Return all samples with their clusters."""
        values = all_rows(rows)
        array, _ = centered(values)
        with reproducible():
            graph = kneighbors_graph(array, self.n_neighbors) if self.n_neighbors else None
            model = AgglomerativeClustering(n_clusters, linkage=self.linkage, connectivity=graph)
            labels = torch.from_numpy(model.fit(array).labels_)
        return NearestSample(values, labels.to(values.device, torch.int64), n_clusters)
