"""DBSCAN, by scikit-learn."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN
from sklearn.neighbors import NearestNeighbors
from torch import Generator

from dcrf.clusterings.base import Clustering, FeatureRows, all_rows, centered, reproducible
from dcrf.clusterings.fitted import NearestSample
from dcrf.errors import ClusteringError
from dcrf.safety.memory import free_memory, gib

_CORE_SHARE = 0.9
_PROBES = 256
_INDEX_BYTES = 8


class Dbscan(Clustering):
    """Density-based clustering (Ester, Kriegel, Sander, Xu, KDD 1996).

    A core sample has `min_samples` samples within `eps`. Core samples within `eps` of each other
    are in one cluster. The number of clusters is found, whatever `num_clusters` is.

    New samples: the cluster of the nearest core sample if that is within `eps`, else noise. All
    samples are assigned in this way, so that a sample near two clusters belongs to the nearer one.

    Args:
        min_samples: samples within `eps` of a core sample, itself included, >= 1.
        eps: radius, > 0; None for the distance to the `min_samples`-th nearest sample that 90 % of
            the samples do not exceed, so that these are core samples.
    """

    def __init__(self, *, min_samples: int, eps: float | None = None) -> None:
        self.min_samples, self.eps = min_samples, eps

    def unfitted(self) -> NearestSample:
        """Return a result without samples."""
        return NearestSample.unfitted()

    def check_number(self, n_samples: int, n_clusters: int) -> None:
        """Raise ClusteringError if no sample can be a core sample."""
        if n_samples < self.min_samples:
            raise ClusteringError(
                f"{n_samples} samples cannot hold a core sample, since min_samples is "
                f"{self.min_samples}"
            )

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestSample:
        """Return the core samples with their clusters.

        Raises:
            ClusteringError: all samples are noise, or their neighborhoods exceed the memory.
        """
        values = all_rows(rows)
        array, _ = centered(values)
        with reproducible():
            eps = _radius(array, self.min_samples) if self.eps is None else self.eps
            _check_memory(array, eps)
            model = DBSCAN(eps=eps, min_samples=self.min_samples).fit(array)
        if not len(model.core_sample_indices_):
            raise ClusteringError(
                f"all {len(values)} samples are noise: raise eps, now {eps:.3g}, or lower "
                "min_samples"
            )
        indices = torch.from_numpy(model.core_sample_indices_)
        clusters = torch.from_numpy(model.labels_)[indices].to(values.device, torch.int64)
        n_found = int(clusters.max()) + 1
        return NearestSample(values[indices.to(values.device)], clusters, n_found, radius=eps)


def _radius(array: NDArray[np.float64], min_samples: int) -> float:
    """Return the radius in which the wanted share of the samples has enough neighbors."""
    distances, _ = NearestNeighbors(n_neighbors=min_samples).fit(array).kneighbors(array)
    radius = float(np.quantile(distances[:, -1], _CORE_SHARE))
    return radius or 1.0  # that many samples are equal, or every sample is a core sample


def _check_memory(array: NDArray[np.float64], eps: float) -> None:
    """Raise ClusteringError if the neighborhoods, estimated by some samples, exceed the memory."""
    probes = array[:: max(len(array) // _PROBES, 1)]
    neighborhoods = (
        NearestNeighbors(radius=eps).fit(array).radius_neighbors(probes, return_distance=False)
    )
    needed = float(np.mean([len(n) for n in neighborhoods])) * len(array) * _INDEX_BYTES
    if needed > free_memory():
        raise ClusteringError(
            f"the neighborhoods of {len(array):,} samples need {gib(int(needed))} of memory, and "
            f"{gib(free_memory())} are free: lower eps, now {eps:.3g}"
        )
