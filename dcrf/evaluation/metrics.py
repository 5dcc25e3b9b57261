"""How well clusters agree with labels, and how well they separate where there are none."""

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

SEPARATION_SAMPLES = 50_000
SILHOUETTE_SAMPLES = 5000  # its time grows with their square


def clustering_accuracy(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Share of samples whose cluster is matched to their class, in (0, 1].

    Clusters and classes are matched one to one so that the share is largest (Hungarian method
    on the rectangular table); what is left unmatched counts as wrong.

    Args:
        labels: (n,) classes, any integers.
        clusters: (n,) clusters, any integers.
    """
    table = contingency_matrix(np.asarray(labels), np.asarray(clusters))
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / table.sum())


def agreement(labels: ArrayLike, clusters: ArrayLike) -> dict[str, float]:
    """Return `acc`, `nmi` (arithmetic mean) and `ari` of clusters (n,) against labels (n,)."""
    with warnings.catch_warnings():
        # as many classes as samples is unusual, not an error
        warnings.filterwarnings("ignore", message="The number of unique classes")
        return {
            "acc": clustering_accuracy(labels, clusters),
            "nmi": float(normalized_mutual_info_score(labels, clusters)),
            "ari": float(adjusted_rand_score(labels, clusters)),
        }


def evenly_spaced(size: int, most: int) -> NDArray[np.integer]:
    """Return the indices, at most `most`, of evenly spaced samples from the first to the last."""
    return np.linspace(0, size - 1, min(size, most)).astype(np.int64)


def separation(features: NDArray[np.floating], clusters: NDArray[np.integer]) -> dict[str, float]:
    """Return internal metrics of clusters (n,) in their features (n, d).

    `silhouette` in [-1, 1], larger is better, on at most `SILHOUETTE_SAMPLES` evenly spaced
    samples; `davies_bouldin` >= 0, smaller is better. Empty where they are not defined: with one
    cluster only, or as many as samples.
    """
    some = evenly_spaced(len(features), SILHOUETTE_SAMPLES)
    if not 1 < len(np.unique(clusters[some])) < len(some):
        return {}
    return {
        "silhouette": float(silhouette_score(features[some], clusters[some])),
        "davies_bouldin": float(davies_bouldin_score(features, clusters)),
    }
