"""BIRCH, by scikit-learn."""

import numpy as np
import torch
from sklearn.cluster import Birch as ScikitLearnBirch
from torch import Generator

from dcrf.clusterings.base import (
    Clustering,
    FeatureRows,
    all_rows,
    centered,
    check_pairs_fit,
    reproducible,
)
from dcrf.clusterings.fitted import NearestSample
from dcrf.errors import ClusteringError

_BYTES_PER_PAIR = 8  # distances of subclusters in float64, and a copy, of half of the pairs


class Birch(Clustering):
    """BIRCH (Zhang, Ramakrishnan, Livny, SIGMOD 1996): subclusters that Ward's method merges.

    New samples: the cluster of the nearest subcluster center, as all samples.

    Args:
        radius_threshold: radius of a subcluster at most, > 0, relative to the root mean square
            distance of the samples from their mean.
        branching_factor: subclusters in a node of the tree at most, >= 2.
    """

    def __init__(self, *, radius_threshold: float, branching_factor: int) -> None:
        self.radius_threshold, self.branching_factor = radius_threshold, branching_factor

    def unfitted(self) -> NearestSample:
        """Return a result without samples."""
        return NearestSample.unfitted()

    def fit_rows(self, rows: FeatureRows, n_clusters: int, generator: Generator) -> NearestSample:
        """Return the centers of all subclusters with their clusters.

        Raises:
            ClusteringError: fewer subclusters than clusters, or too many to merge in memory.
        """
        values = all_rows(rows)
        array, mean = centered(values)
        spread = float(np.sqrt(np.square(array).sum(axis=1).mean()))
        model = ScikitLearnBirch(
            threshold=self.radius_threshold * spread or 1.0,  # equal samples are one subcluster
            branching_factor=self.branching_factor,
            n_clusters=None,
            compute_labels=False,
        )
        with reproducible():
            model.fit(array)
            n_subclusters = len(model.subcluster_centers_)
            if n_subclusters < n_clusters:
                raise ClusteringError(
                    f"the samples are in {n_subclusters} subclusters, too few for {n_clusters} "
                    "clusters: lower radius_threshold"
                )
            check_pairs_fit(n_subclusters, _BYTES_PER_PAIR, "raise radius_threshold")
            model.set_params(n_clusters=n_clusters).partial_fit()
        centers = torch.from_numpy(model.subcluster_centers_).to(mean) + mean
        clusters = torch.from_numpy(model.subcluster_labels_).to(mean.device, torch.int64)
        return NearestSample(centers.to(values), clusters, n_clusters)
