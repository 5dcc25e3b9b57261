"""Silhouette."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from dcrf.evaluation.metrics.base import FeatureMetric, Labels


class Silhouette(FeatureMetric):
    """The mean of (b - a) / max(a, b) over samples, in [-1, 1].

    a is the mean distance to the other samples of the own cluster, b that to the samples of the
    nearest other cluster. A sample that is alone in its cluster counts as 0.

    Formula:
        1/n sum_i (b_i - a_i) / max(a_i, b_i)

    Source: Rousseeuw, https://doi.org/10.1016/0377-0427%2887%2990125-7.
    """

    def score(self, features: NDArray[np.float64], clusters: Labels) -> float:
        """Return the mean silhouette."""
        return silhouette_score(features, clusters)
