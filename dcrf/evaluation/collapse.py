"""Detect collapsed clusters and features without labels.

Every threshold lies between the values of healthy runs and those of collapsed ones:

- Centroids whose spread is a twentieth of the features' spread act as one. With k-means and DEC
  the ratio stays above a half. Training with nothing but a pull of features to centroids brings it
  below a twentieth after 150 iterations, and to a hundredth after 500. Only the directions in which
  centroids differ are compared: in the others, of which there may be hundreds, the features of good
  clusters vary as well.
- While a temperature is annealed, as in deep k-means, centroids coincide until clusters part. The
  ratio can stay below a hundredth for two thousand iterations of a healthy run. The evaluator
  therefore passes no centroids during annealing.
- A newly initialized network can recover: classifiers start with most clusters empty, deep k-means
  with 99 % of the samples in one. Both recover within 60 iterations, also at a thirtieth of Adam's
  usual learning rate. A sign therefore becomes a warning only if it persists.
- With few samples per cluster, clusters are empty by chance. No other sign has this exemption.

Medians and quantiles are robust to single outliers. No sign depends on the order or the scale of
samples and centroids. Only constant features depend on an offset, since their spread is compared
with their distance from zero: no other scale is known.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orth
from scipy.spatial import KDTree

LARGEST_SHARE = 0.95
"""Share of the samples in one of several clusters, or with equal features, from which on it is a
sign. The largest class of the data sets in use has less than a third."""

FEWEST_SAMPLES = 20
"""Number of samples below which `LARGEST_SHARE` of them is all of them."""

EMPTY_SHARE = 0.5
"""Share of empty clusters above which they do not recover without help."""

FEWEST_PER_CLUSTER = 2
"""Samples per cluster below which clusters are empty by chance."""

RELATIVE_SPREAD = 1e-3
"""Spread of the features, relative to their distance from zero, up to which they count as equal.
Rounding to bfloat16 changes a number by up to 2e-3, to TF32 by 5e-4. A newly initialized deep
network has 0.1, pixels have 0.6."""

RELATIVE_DISTANCE = 1e-4
"""Distance of two centroids, relative to the spread of the features, up to which they coincide.
They get the same samples and gradients from then on. Small, since of hundreds of healthy centroids
some are close to each other."""

RELATIVE_CENTROIDS = 0.05
"""Spread of the centroids, relative to that of the features, up to which it is a sign."""

PERSISTENCE = 100
"""Iterations for which every evaluation must show a sign, the first and the last included."""

FEATURE_SAMPLES = 256
"""Size of the random sub-sample whose features are checked."""

Features = NDArray[np.floating]


def collapse_signs(
    sizes: Sequence[int], features: Features, centers: Features | None
) -> dict[str, str]:
    """Return the current signs of collapse, kind -> sentence; empty for a healthy state.

    Args:
        sizes: samples in each cluster, (k,).
        features: the features in which clusters are formed, (m, d), of a random sub-sample.
        centers: the cluster centers, (k, d), in the same space; None without centers.
    """
    sentences = {
        "one cluster": one_cluster(sizes),
        "empty clusters": empty_clusters(sizes),
        "constant features": constant_features(features),
        "merged centroids": None if centers is None else merged_centroids(features, centers),
    }
    return {kind: sentence for kind, sentence in sentences.items() if sentence is not None}


def persistent_signs(
    signs: Mapping[str, str], since: Mapping[str, int], iteration: int
) -> dict[str, str]:
    """Return the signs that have persisted: kind -> sentence with the iterations.

    Args:
        signs: signs of the evaluation after `iteration`.
        since: kind -> first iteration from which on every evaluation has shown it.
        iteration: the iteration of the last evaluation.
    """
    return {
        kind: f"it {since[kind]} to {iteration}: {sentence}"
        for kind, sentence in signs.items()
        if iteration - since[kind] >= PERSISTENCE
    }


def one_cluster(sizes: Sequence[int]) -> str | None:
    """Return a sentence if one of several clusters has nearly all samples."""
    n_samples = sum(sizes)
    if len(sizes) == 1 or n_samples < FEWEST_SAMPLES or max(sizes) < LARGEST_SHARE * n_samples:
        return None
    share = 100 * max(sizes) / n_samples
    return f"{share:.1f} % of the samples are in one of {len(sizes)} clusters"


def empty_clusters(sizes: Sequence[int]) -> str | None:
    """Return a sentence if most clusters are empty."""
    empty = sum(size == 0 for size in sizes)
    if sum(sizes) < FEWEST_PER_CLUSTER * len(sizes) or empty <= EMPTY_SHARE * len(sizes):
        return None
    return f"{empty} of {len(sizes)} clusters are empty"


def constant_features(features: Features) -> str | None:
    """Return a sentence if the features (m, d) of nearly all samples are equal."""
    if len(features) < 2 or not np.isfinite(features).all():  # noqa: PLR2004 - one row equals itself
        return None
    values = features.astype(np.float64)
    # not the median: more than half of the samples may be of one class with little spread
    spread = _distance(values - np.median(values, axis=0), LARGEST_SHARE)
    if spread > RELATIVE_SPREAD * _distance(values, LARGEST_SHARE):
        return None
    percent = 100 * RELATIVE_SPREAD
    return f"the features of nearly all samples differ by less than {percent:g} % of their size"


def merged_centroids(features: Features, centers: Features) -> str | None:
    """Return a sentence if centroids (k, d) coincide, relative to the features (m, d)."""
    is_defined = len(centers) > 1 and centers.shape[1:] == features.shape[1:]
    if not is_defined or not (np.isfinite(centers).all() and np.isfinite(features).all()):
        return None
    values, points = features.astype(np.float64), centers.astype(np.float64)
    values, points = values - np.median(values, axis=0), points - np.median(points, axis=0)
    nearest = KDTree(points).query(points, k=2)[0][:, 1]
    merged = int((nearest <= RELATIVE_DISTANCE * _distance(values)).sum())
    if merged:
        return f"{merged} of {len(points)} centroids coincide with another one"
    spread, width = _distance(points), _distance(values @ orth(points.T))
    if spread > RELATIVE_CENTROIDS * width:
        return None
    return f"the spread of the centroids is {100 * spread / width:.1f} % of that of the features"


def _distance(values: NDArray[np.float64], share: float = 0.5) -> float:
    """Return the largest distance from zero of this share of the rows (m, d)."""
    return float(np.quantile(np.linalg.norm(values, axis=1), share, method="inverted_cdf"))
