"""Calinski-Harabasz index."""

import numpy as np
from numpy.typing import NDArray

from dcrf.evaluation.metrics.base import FeatureMetric, Labels


class CalinskiHarabasz(FeatureMetric):
    """The variance ratio: B / (k - 1) divided by W / (n - k), for k clusters of n samples.

    B is the sum over samples of the squared distance of their cluster's mean to the overall mean, W
    that of the samples to their cluster's mean. It is undefined if all samples of a cluster are
    equal, for every cluster; scikit-learn then returns 1.

    Formula:
        (B / (k - 1)) / (W / (n - k))

    Source: Calinski and Harabasz, https://doi.org/10.1080/03610927408827101.
    """

    def score(self, features: NDArray[np.float64], clusters: Labels) -> float:
        """Return the ratio, at least 0, or infinity."""
        names, own = np.unique(clusters, return_inverse=True)
        n, k, sizes = len(features), len(names), np.bincount(own)
        means = np.stack([features[own == i].mean(axis=0) for i in range(k)])
        between = (sizes * np.square(means).sum(axis=1)).sum()
        within = np.square(features - means[own]).sum()
        return between / (k - 1) / (within / (n - k)) if within else np.inf
