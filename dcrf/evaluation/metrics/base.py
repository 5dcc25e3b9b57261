"""Base classes of metrics, which say in a number how good clusters are."""

import math
import warnings
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Labels = NDArray[np.integer]
Features = NDArray[np.floating]

NOISE = -1
"""The cluster of noise: samples that belong to no cluster."""


class Metric:
    """A number for clusters (n,), computed from the samples' labels (n,) or features (n, d).

    needs: which of the two.
    """

    needs: ClassVar[Literal["labels", "features"]]

    def __call__(self, known: NDArray, clusters: Labels) -> float | None:
        """Return the number, or None if it is undefined for these clusters.

        Args:
            known: what the metric needs, a row per sample.
            clusters: (n,) integers; `NOISE` for noise.
        """
        raise NotImplementedError


class LabelMetric(Metric):
    """A metric against labels (n,), any integers. Subclasses implement `score`.

    Those that match classes with clusters count noise as wrong. All others see noise as one more
    cluster, as scikit-learn's functions do, so that published scores can be compared.
    """

    needs = "labels"

    def __call__(self, known: ArrayLike, clusters: ArrayLike) -> float:
        """Return the number of clusters (n,) against labels (n,)."""
        with warnings.catch_warnings():
            # as many classes as samples is unusual, not an error
            warnings.filterwarnings("ignore", message="The number of unique classes")
            return float(self.score(np.asarray(known), np.asarray(clusters)))

    def score(self, labels: Labels, clusters: Labels) -> float:
        """Return the number of clusters (n,) against labels (n,)."""
        raise NotImplementedError


class FeatureMetric(Metric):
    """A metric in feature space, without labels. Subclasses implement `score`.

    Noise is left out. The metric is undefined for one cluster, for as many clusters as samples, and
    if it is infinite.
    """

    needs = "features"

    def __call__(self, known: Features, clusters: Labels) -> float | None:
        """Return the number of clusters (n,) in their features (n, d)."""
        is_assigned = clusters != NOISE
        if not is_assigned.all():
            known, clusters = known[is_assigned], clusters[is_assigned]
        if not 1 < len(np.unique(clusters)) < len(clusters):
            return None
        # scikit-learn expands squared distances, which loses digits far from zero
        centered = known.astype(np.float64) - known.mean(axis=0, dtype=np.float64)
        score = float(self.score(centered, clusters))
        return score if math.isfinite(score) else None

    def score(self, features: NDArray[np.float64], clusters: Labels) -> float:
        """Return the number of two or more clusters (n,) in features (n, d) with mean zero."""
        raise NotImplementedError


def class_table(labels: Labels, clusters: Labels) -> NDArray[np.int64]:
    """Return how many samples of each class are in each cluster, (classes, clusters).

    Noise is in no cluster. A class of which all samples are noise has a row of zeros.
    """
    is_assigned = clusters != NOISE
    classes, rows = np.unique(labels, return_inverse=True)
    names, columns = np.unique(clusters[is_assigned], return_inverse=True)
    cells = rows[is_assigned] * len(names) + columns
    counts = np.bincount(cells, minlength=len(classes) * len(names))
    return counts.reshape(len(classes), len(names))
