"""Evidence for each number of clusters: stability, silhouette and the dip test of k-means."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from dcrf.functional.cluster_number import Evidence, nearest_other_centers
from dcrf.functional.dip_merging import pair_p_value
from dcrf.selection.common_space import Rows

SUBSAMPLE = 0.8
"""Share of the samples in a sub-sample."""
PAIRS = 16
"""Pairs of sub-samples for each number of clusters, and as many of each reference."""
RESTARTS, RESTARTS_OF_ALL = 3, 10
"""Of k-means on a sub-sample, and on all rows."""
SIZE_RATIO = 2.0
"""Of the sizes of two clusters in the dip test; of a larger one, its nearest samples count."""
LEVEL = 0.05
"""The p-value below which two clusters have two modes."""

Labels = NDArray[np.integer]


def sweep(rows: Rows, numbers: Sequence[int], seed: int = 0) -> Iterator[Evidence]:
    """Yield the evidence for each number of clusters.

    - Stability: the mean adjusted Rand index of two k-means on two random sub-samples, on the
      samples that both have (Ben-Hur, Elisseeff and Guyon, PSB 2002). Each has its own seed.
    - Reference: the same in data without clusters, at the same k, since few clusters are stable
      there, too (von Luxburg, Foundations and Trends in Machine Learning 2010). These data have a
      normal or a uniform distribution with the variances of the columns. Each pair has data of its
      own, and the more stable distribution counts. The gap statistic compares inertia in this way
      (Tibshirani, Walther and Hastie, JRSS B 2001).
    - Silhouette: of k-means on all rows.
    - Separated: the clusters, of k-means on all rows, whose samples together with those of the
      nearest other cluster have two modes on the line through their centers, by the dip test with
      level `LEVEL`.

    Args:
        rows: (n, d) in the common space, centered, with uncorrelated columns.
        numbers: of clusters, each at least 2 and at most `largest_number(n)`.
        seed: of all random numbers. The evidence for k depends on the rows, k and seed only.
    """
    samples, scales = torch.from_numpy(rows), rows.std(axis=0)
    for k in numbers:
        random = np.random.default_rng((seed, k))
        with _quiet():
            stability = _mean([_agreement(rows, k, random) for _ in range(PAIRS)])
            reference = max(
                _mean(
                    [_agreement(draw(random, rows.shape) * scales, k, random) for _ in range(PAIRS)]
                )
                for draw in (_normal, _uniform)
            )
            clusters = _fit(rows, k, RESTARTS_OF_ALL, random)
            silhouette = _silhouette(rows, clusters)
        yield Evidence(
            k=k,
            stability=stability.mean,
            error=stability.error,
            reference=reference.mean,
            reference_error=reference.error,
            silhouette=silhouette,
            separated=_separated(samples, torch.from_numpy(clusters).long(), k),
        )


def largest_number(n_samples: int) -> int:
    """Return the largest number of clusters that a sub-sample of n samples can have."""
    return round(SUBSAMPLE * n_samples)


def _agreement(rows: Rows, k: int, random: np.random.Generator) -> float:
    """Return the adjusted Rand index of the clusters of two random sub-samples, where they meet."""
    size = largest_number(len(rows))
    first, second = (np.sort(random.permutation(len(rows))[:size]) for _ in range(2))
    clusters = [_fit(rows[part], k, RESTARTS, random) for part in (first, second)]
    _, in_first, in_second = np.intersect1d(first, second, True, return_indices=True)
    return float(adjusted_rand_score(clusters[0][in_first], clusters[1][in_second]))


def _fit(rows: Rows, k: int, restarts: int, random: np.random.Generator) -> Labels:
    seed = int(random.integers(2**31 - 1))
    labels: Labels = KMeans(k, n_init=restarts, random_state=seed).fit(rows).labels_
    return labels


def _silhouette(rows: Rows, clusters: Labels) -> float | None:
    """Return the mean silhouette, None for one cluster, which equal rows may leave."""
    if not 1 < len(np.unique(clusters)) < len(rows):
        return None
    return float(silhouette_score(rows, clusters))


def _separated(rows: torch.Tensor, clusters: torch.Tensor, k: int) -> int:
    """Return how many clusters have two modes together with their nearest cluster."""
    groups = [rows[clusters == cluster] for cluster in range(k)]
    groups = [group for group in groups if len(group)]
    if len(groups) == 1:
        return 0
    nearest = nearest_other_centers(torch.stack([group.mean(dim=0) for group in groups]))
    pairs = list(enumerate(nearest.tolist()))
    has_two_modes = {
        pair: pair_p_value(groups[min(pair)], groups[max(pair)], SIZE_RATIO) < LEVEL
        for pair in {(min(pair), max(pair)) for pair in pairs}
    }
    return sum(has_two_modes[min(pair), max(pair)] for pair in pairs)


class _Mean(NamedTuple):
    """A mean and its standard error."""

    mean: float
    error: float


def _mean(values: Sequence[float]) -> _Mean:
    return _Mean(fmean(values), stdev(values) / len(values) ** 0.5)


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Rows:
    return random.normal(size=shape)


def _uniform(random: np.random.Generator, shape: tuple[int, ...]) -> Rows:
    """Return uniform numbers with variance 1."""
    return random.uniform(-(3**0.5), 3**0.5, size=shape)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let scikit-learn use one thread, which is fastest for few rows, and give no warnings.

    The warnings are about fewer distinct rows than clusters, which have a result.
    """
    with (
        threadpool_limits(1),
        config_context(assume_finite=True, skip_parameter_validation=True),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
