"""Signs that clusters or features have collapsed, seen without labels.

Every threshold lies far beyond what a method passes through that goes on to work: some clusters
are empty early in training, sizes differ severalfold, and centroids start near each other.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

LARGEST_SHARE = 0.95
"""Of the samples in one of several clusters. Data that are that lopsided have no clusters to find;
the largest class of the data sets in use has below a third."""

EMPTY_SHARE = 0.5
"""Of the clusters, above which too few of them are in use to come back by themselves."""

FEWEST_PER_CLUSTER = 2
"""Samples per cluster, below which sizes say nothing: some clusters are empty by chance."""

RELATIVE_VARIANCE = 1e-12
"""Of features, against their mean square: a spread of a millionth is about ten times what rounding
to 32 bits makes of equal values, and nothing that distances could be computed from."""

RELATIVE_DISTANCE = 1e-4
"""Between centroids, against the spread of the features: they get the same samples, the same
gradients, and never part again. Centroids that k-means finds lie about one spread apart."""

FEATURE_SAMPLES = 256
"""Evenly spaced samples whose features are looked at: enough to see that all of them are equal."""

Features = NDArray[np.floating]


def signs(sizes: Sequence[int], features: Features, centres: Features | None) -> dict[str, str]:
    """Return what has collapsed: kind -> sentence; nothing for a healthy state.

    Args:
        sizes: samples of every cluster, (k,).
        features: what clusters are formed in, (m, d), of some samples.
        centres: what clusters are formed around, (k, d) among the features; None without.
    """
    found = {
        "one cluster": one_cluster(sizes),
        "empty clusters": empty_clusters(sizes),
        "constant features": constant_features(features),
        "merged centroids": None if centres is None else merged_centroids(features, centres),
    }
    return {kind: sentence for kind, sentence in found.items() if sentence is not None}


def one_cluster(sizes: Sequence[int]) -> str | None:
    """Say so if one of several clusters has taken nearly all samples."""
    if not _say_something(sizes) or max(sizes) < LARGEST_SHARE * sum(sizes):
        return None
    share = 100 * max(sizes) / sum(sizes)
    return f"{share:.1f} % of the samples are in one of {len(sizes)} clusters"


def empty_clusters(sizes: Sequence[int]) -> str | None:
    """Say so if most clusters have no samples."""
    empty = sum(size == 0 for size in sizes)
    if not _say_something(sizes) or empty <= EMPTY_SHARE * len(sizes):
        return None
    return f"{empty} of {len(sizes)} clusters are empty"


def constant_features(features: Features) -> str | None:
    """Say so if all samples have the same features (m, d)."""
    if len(features) < 2:  # noqa: PLR2004 - one sample equals itself
        return None
    values = features.astype(np.float64)
    if not _variance(values) <= RELATIVE_VARIANCE * np.square(values).sum(1).mean():
        return None
    return "all samples have the same features"


def merged_centroids(features: Features, centres: Features) -> str | None:
    """Say so if centroids (k, d) lie on one another, as measured by the features (m, d)."""
    is_defined = len(centres) > 1 and centres.shape[1:] == features.shape[1:]
    if not is_defined or not np.isfinite(centres).all():
        return None
    spread = _variance(features.astype(np.float64)) ** 0.5
    nearest = KDTree(centres.astype(np.float64)).query(centres, k=2)[0][:, 1]
    merged = int((nearest <= RELATIVE_DISTANCE * spread).sum())
    return f"{merged} of {len(centres)} centroids lie on another one" if merged else None


def _say_something(sizes: Sequence[int]) -> bool:
    return len(sizes) > 1 and sum(sizes) >= FEWEST_PER_CLUSTER * len(sizes)


def _variance(values: NDArray[np.float64]) -> float:
    """Return the mean squared distance of rows (m, d) from their mean."""
    return float(values.var(axis=0).sum())
