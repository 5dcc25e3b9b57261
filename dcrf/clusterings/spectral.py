"""Spectral clustering, by scikit-learn."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError
from scipy.spatial.distance import pdist
from sklearn.cluster import SpectralClustering
from torch import Generator

from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    all_rows,
    centered,
    check_pairs_fit,
    reproducible,
    spread_indices,
)
from dcrf.clusterings.fitted import NearestSample
from dcrf.errors import ClusteringError
from dcrf.randomness import draw_seed

_BYTES_PER_PAIR = {"rbf": 24, "nearest_neighbors": 8}
"""Affinity -> memory. The affinities of all pairs and two copies; the sparse factorization of a
graph of neighbors fills in a large share of all pairs."""

_MEDIAN_SAMPLES = 2000


class Spectral(Clustering):
    """Spectral clustering with the normalized Laplacian (Ng, Jordan, Weiss, NIPS 2001).

    New samples: the cluster of the nearest sample.

    Args:
        affinity: `nearest_neighbors` or `rbf`.
        num_neighbors: of a sample, itself included, >= 2; only `nearest_neighbors` uses it.
        gamma: of exp(-gamma d^2), > 0; only `rbf` uses it. None for 1 / median(d^2), over the pairs
            of at most 2,000 samples.
        assign_labels: `k_means`, `discretize` (Yu and Shi, ICCV 2003) or `cluster_qr` (Damle,
            Minden and Ying 2019).
        num_restarts: of `k_means`, >= 1.
    """

    def __init__(
        self,
        *,
        affinity: str,
        assign_labels: str,
        num_neighbors: int = 10,
        num_restarts: int = 10,
        gamma: float | None = None,
    ) -> None:
        self.affinity, self.num_neighbors, self.gamma = affinity, num_neighbors, gamma
        self.assign_labels, self.num_restarts = assign_labels, num_restarts

    def unfitted(self) -> NearestSample:
        """Return a result without samples."""
        return NearestSample.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Raise ClusteringError if there are too few samples for neighbors or eigenvectors, too."""
        super().check_number(n_samples, n_clusters)
        if self.affinity == "nearest_neighbors" and n_samples < self.num_neighbors:
            raise ClusteringError(
                f"num_neighbors is {self.num_neighbors}, but there are {n_samples} samples"
            )
        if n_samples <= n_clusters:
            raise ClusteringError(f"{n_clusters} eigenvectors need more than {n_clusters} samples")

    def check_size(self, n_samples: int, n_features: int) -> None:
        """Raise ClusteringError if the graph would not fit into memory."""
        remedy = "take birch or k_means, or use fewer samples"
        check_pairs_fit(n_samples, _BYTES_PER_PAIR[self.affinity], remedy)

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestSample:
        """Return all samples with their clusters.

        Raises:
            ClusteringError: the eigenvectors cannot be computed.
        """
        values, seed = all_rows(rows), draw_seed(generator)
        array, _ = centered(values)
        model = SpectralClustering(
            n_clusters,
            affinity=self.affinity,
            n_neighbors=self.num_neighbors,
            gamma=self._gamma(array, seed),
            assign_labels=self.assign_labels.replace("k_means", "kmeans"),
            n_init=self.num_restarts,
            random_state=seed,
        )
        try:
            with reproducible():
                labels = torch.from_numpy(model.fit(array).labels_)
        except (ArpackError, np.linalg.LinAlgError, RuntimeError, ValueError) as error:
            raise ClusteringError(f"the graph of the samples has no clusters: {error}") from error
        return NearestSample(values, labels.to(values.device, torch.int64), n_clusters)

    def _gamma(self, array: NDArray[np.float64], seed: int) -> float:
        if self.affinity != "rbf" or self.gamma is not None:
            return self.gamma or 1.0
        part = array[spread_indices(len(array), _MEDIAN_SAMPLES, seed).numpy()]
        median = float(np.median(pdist(part, "sqeuclidean")))
        if median == 0:
            raise ClusteringError("most of the samples are equal, so gamma has no default: set it")
        return 1 / median
