"""Signs that clusters or features have collapsed, seen without labels.

Every limit lies between what healthy runs pass through and where collapsed ones end:

- Centroids whose spread is a twentieth of the features' are as good as one. Those of k-means and
  DEC stay above a half; a run with nothing but a pull of features to centroids is below a twentieth
  after 150 iterations, and at a hundredth after 500. Compared are the directions in which centroids
  differ: in the others, of which there may be hundreds, features of good clusters vary as well.
- While a temperature is annealed, as in deep k-means, centroids lie on one another until clusters
  part: below a hundredth for two thousand iterations of a run that went on to work. So the
  evaluator passes none then.
- A network just initialized may recover from anything: classifiers begin with most clusters empty,
  deep k-means with 99 % of the samples in one. Both are over within 60 iterations, also at a
  thirtieth of Adam's usual learning rate; a collapse stays. So a sign is an alarm only once it has
  lasted.
- Few samples leave clusters empty by chance. That excuses no other sign.

Medians and quantiles, since one sample far away must not make the others look equal. Order and
scale of samples and centroids change nothing, and neither does where they lie, but for constant
features: their spread is measured against their distance from zero, for want of anything else.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orth
from scipy.spatial import KDTree

LARGEST_SHARE = 0.95
"""Of the samples, in one of several clusters or with the same features. Data that are that lopsided
have no clusters to find; the largest class of the data sets in use has below a third."""

FEWEST_SAMPLES = 20
"""Below which `LARGEST_SHARE` of them is all of them."""

EMPTY_SHARE = 0.5
"""Of the clusters, above which too few of them are in use to come back by themselves."""

FEWEST_PER_CLUSTER = 2
"""Samples per cluster, below which some clusters are empty by chance."""

RELATIVE_SPREAD = 1e-3
"""Of features, against their size: less is rounded off by bfloat16 and TF32 (eight and ten bits),
and a squared distance has no more than one digit left in 32 bits where it is expanded. A deep
network just initialized has 0.1, pixels have 0.6."""

RELATIVE_DISTANCE = 1e-4
"""Between two centroids, against the spread of the features: they get the same samples, the same
gradients, and never part again. Small, since of hundreds of healthy ones some lie close."""

RELATIVE_CENTROIDS = 0.05
"""Spread of the centroids, against that of the features; see above."""

LASTING = 100
"""Iterations in which every evaluation, the first and the last included, must show a sign."""

FEATURE_SAMPLES = 256
"""Evenly spaced samples whose features are looked at: enough to see that nearly all are equal."""

Features = NDArray[np.floating]


def signs(sizes: Sequence[int], features: Features, centers: Features | None) -> dict[str, str]:
    """Return what looks collapsed now: kind -> sentence; nothing for a healthy state.

    Args:
        sizes: samples of every cluster, (k,).
        features: what clusters are formed in, (m, d), of some samples.
        centers: what clusters are formed around, (k, d) among the features; None without.
    """
    found = {
        "one cluster": one_cluster(sizes),
        "empty clusters": empty_clusters(sizes),
        "constant features": constant_features(features),
        "merged centroids": None if centers is None else merged_centroids(features, centers),
    }
    return {kind: sentence for kind, sentence in found.items() if sentence is not None}


def lasting(found: Mapping[str, str], since: Mapping[str, int], iteration: int) -> dict[str, str]:
    """Return the signs that have lasted: kind -> sentence that says when they were seen.

    Args:
        found: signs of an evaluation.
        since: kind -> iteration since which every evaluation has shown it.
        iteration: of this evaluation.
    """
    return {
        kind: f"it {since[kind]} to {iteration}: {sentence}"
        for kind, sentence in found.items()
        if iteration - since[kind] >= LASTING
    }


def one_cluster(sizes: Sequence[int]) -> str | None:
    """Say so if one of several clusters has taken nearly all samples."""
    n_samples = sum(sizes)
    if len(sizes) == 1 or n_samples < FEWEST_SAMPLES or max(sizes) < LARGEST_SHARE * n_samples:
        return None
    share = 100 * max(sizes) / n_samples
    return f"{share:.1f} % of the samples are in one of {len(sizes)} clusters"


def empty_clusters(sizes: Sequence[int]) -> str | None:
    """Say so if most clusters have no samples."""
    empty = sum(size == 0 for size in sizes)
    if sum(sizes) < FEWEST_PER_CLUSTER * len(sizes) or empty <= EMPTY_SHARE * len(sizes):
        return None
    return f"{empty} of {len(sizes)} clusters are empty"


def constant_features(features: Features) -> str | None:
    """Say so if nearly all samples have the same features (m, d)."""
    if len(features) < 2 or not np.isfinite(features).all():  # noqa: PLR2004 - one equals itself
        return None
    values = features.astype(np.float64)
    # not the median: more than half of the samples may be of one class, and that one tight
    spread = _distance(values - np.median(values, axis=0), LARGEST_SHARE)
    if spread > RELATIVE_SPREAD * _distance(values, LARGEST_SHARE):
        return None
    return "nearly all samples have the same features"


def merged_centroids(features: Features, centers: Features) -> str | None:
    """Say so if centroids (k, d) lie on one another, as measured by the features (m, d)."""
    is_defined = len(centers) > 1 and centers.shape[1:] == features.shape[1:]
    if not is_defined or not (np.isfinite(centers).all() and np.isfinite(features).all()):
        return None
    values, points = features.astype(np.float64), centers.astype(np.float64)
    values, points = values - np.median(values, axis=0), points - np.median(points, axis=0)
    nearest = KDTree(points).query(points, k=2)[0][:, 1]
    merged = int((nearest <= RELATIVE_DISTANCE * _distance(values)).sum())
    if merged:
        return f"{merged} of {len(points)} centroids lie on another one"
    spread, width = _distance(points), _distance(values @ orth(points.T))
    if spread > RELATIVE_CENTROIDS * width:
        return None
    return f"the spread of the centroids is {100 * spread / width:.1f} % of that of the features"


def _distance(values: NDArray[np.float64], share: float = 0.5) -> float:
    """Return how far from zero this share of the rows (m, d) lie at most."""
    return float(np.quantile(np.linalg.norm(values, axis=1), share, method="inverted_cdf"))
