"""Davies-Bouldin index."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import davies_bouldin_score

from dcrf.evaluation.metrics.base import FeatureMetric, Labels


class DaviesBouldin(FeatureMetric):
    """The mean over clusters i of max over j of (s_i + s_j) / d_ij. Smaller is better.

    s is the mean distance of a cluster's samples to its mean, d the distance of two means.

    Formula:
        1/k sum_i max_(j != i) (s_i + s_j) / d_ij

    Source: Davies and Bouldin, https://doi.org/10.1109/TPAMI.1979.4766909.
    """

    def score(self, features: NDArray[np.float64], clusters: Labels) -> float:
        """Return the index, at least 0."""
        return davies_bouldin_score(features, clusters)
