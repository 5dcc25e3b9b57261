"""Agglomerative clustering by affinities in a directed graph of neighbors."""

from torch import Generator

from dcrf.clusterings.base import Clustering, FeatureRows, all_rows, check_neighbors
from dcrf.clusterings.fitted import NearestSample
from dcrf.functional.graph_degree_linkage import (
    connected_nearest_neighbors,
    merged_by_affinity,
    neighbor_affinities,
)
from dcrf.functional.neighbors import nearest_neighbors


class GraphDegreeLinkage(Clustering):
    """Clusters of connected nearest neighbors, merged by their affinity until k are left.

    The affinity of two clusters counts the weighted paths of two edges from one into the other and
    back, in the directed graph of nearest neighbors (Zhang et al., ECCV 2012). JULE weighs it
    against the affinities to other clusters (Yang et al., CVPR 2016), which `gap_weight` 0 turns
    off. If the connected neighbors are fewer than k clusters, merging starts from single samples.
    Time grows with the square of the number of samples, memory with the number.

    Formula:
        A(a, b) = 1^T W_ab W_ba 1 / |a|^2 + 1^T W_ba W_ab 1 / |b|^2
        W_ij = exp(-|x_i - x_j|^2 / s^2) for the nearest neighbors j of i, else 0

    New samples: the cluster of the nearest sample.

    Args:
        num_neighbors: of each sample, without itself, K_s.
        affinity_scale: a, of the mean squared distance of neighbors, in the exponent of affinities.
        num_compared_clusters: K_c, the nearest clusters whose affinities are compared.
        gap_weight: lambda, of the mean difference between the largest affinity and the others.
        min_cluster_size: clusters with fewer samples join others once k larger ones are left. They
            are fragments, whose affinity is too low for that. 1 is as published.
    """

    def __init__(
        self,
        *,
        num_neighbors: int,
        affinity_scale: float,
        num_compared_clusters: int,
        gap_weight: float,
        min_cluster_size: int,
    ) -> None:
        self.n_neighbors, self.scale = num_neighbors, affinity_scale
        self.n_compared, self.gap_weight = num_compared_clusters, gap_weight
        self.least_size = min_cluster_size

    def unfitted(self) -> NearestSample:
        """Return a result without samples."""
        return NearestSample.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Raise ClusteringError if there are too few samples for the neighbors, too."""
        super().check_number(n_samples, n_clusters)
        check_neighbors(n_samples, self.n_neighbors, "num_neighbors")

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestSample:
        """Return all samples with their clusters."""
        values = all_rows(rows)
        neighbors = nearest_neighbors(values, self.n_neighbors, "euclidean")
        start = connected_nearest_neighbors(neighbors, n_clusters)
        affinities = neighbor_affinities(values, neighbors, self.scale)
        clusters = merged_by_affinity(
            affinities,
            start,
            values,
            n_clusters,
            self.n_compared,
            self.gap_weight,
            self.least_size,
        )
        return NearestSample(values, clusters, n_clusters)
