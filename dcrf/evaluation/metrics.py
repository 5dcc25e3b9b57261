"""Clustering metrics: external ones against labels, internal ones without."""

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import (
    adjusted_rand_score,
    davies_bouldin_score,
    normalized_mutual_info_score,
    silhouette_score,
)
from sklearn.metrics.cluster import contingency_matrix

INTERNAL_SAMPLES = 5000
"""Samples of internal metrics at most. The time of the silhouette grows with their square."""


def clustering_accuracy(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Return the share of samples whose cluster is matched to their class, in (0, 1].

    Clusters and classes are matched one to one by the Hungarian method on the rectangular
    contingency table, which maximizes the share. Samples of unmatched clusters count as wrong.

    Args:
        labels: (n,) classes, any integers.
        clusters: (n,) clusters, any integers.
    """
    table = contingency_matrix(np.asarray(labels), np.asarray(clusters))
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / table.sum())


def external_scores(labels: ArrayLike, clusters: ArrayLike) -> dict[str, float]:
    """Return `acc`, `nmi` (arithmetic mean) and `ari` of clusters (n,) against labels (n,)."""
    with warnings.catch_warnings():
        # as many classes as samples is unusual, not an error
        warnings.filterwarnings("ignore", message="The number of unique classes")
        return {
            "acc": clustering_accuracy(labels, clusters),
            "nmi": float(normalized_mutual_info_score(labels, clusters)),
            "ari": float(adjusted_rand_score(labels, clusters)),
        }


def internal_scores(
    features: NDArray[np.floating], clusters: NDArray[np.integer]
) -> dict[str, float]:
    """Return internal metrics of clusters (n,) in their features (n, d).

    `silhouette` is in [-1, 1], larger is better. `davies_bouldin` is >= 0, smaller is better. Both
    are undefined, and the result is empty, for one cluster and for as many clusters as samples.
    """
    if not 1 < len(np.unique(clusters)) < len(clusters):
        return {}
    # scikit-learn expands squared distances, which loses digits far from zero
    centered = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    return {
        "silhouette": float(silhouette_score(centered, clusters)),
        "davies_bouldin": float(davies_bouldin_score(centered, clusters)),
    }
