"""Tests of scores against a published mean."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from dcrf.functional.intervals import CONFIDENCE, Interval

LEVEL = 1 - CONFIDENCE
"""Two-sided level of significance."""
SCORES_NEEDED = 2
"""The fewest scores that have a deviation."""


class PublishedMean(NamedTuple):
    """A published mean. Deviation (n - 1) and number of values are None if they are unknown."""

    mean: float
    deviation: float | None = None
    n: int | None = None


def published_mean_p(values: Sequence[float], published: PublishedMean) -> float:
    """Return the p-value, two-sided, of values (n,) with the same mean as published ones.

    If deviation and number of the published values are known, the test is that of Welch, else a
    t-test, which takes the published mean as exact. It is 1 for values that all equal the published
    mean, and 0 for equal values apart from an exact mean.

    Raises:
        ValueError: there are fewer than 2 values.

    Source: Welch, Biometrika 1947, https://doi.org/10.2307/2332510
    """
    if len(values) < SCORES_NEEDED:
        raise ValueError(f"a test needs {SCORES_NEEDED} scores or more, got {len(values)}")
    scores = np.asarray(values, dtype=float)
    mean, deviation = float(scores.mean()), float(scores.std(ddof=1))
    spread, n = published.deviation or 0.0, published.n or SCORES_NEEDED
    errors = deviation**2 / len(scores) + spread**2 / n
    if math.isclose(errors, 0, abs_tol=1e-18):
        return 1.0 if math.isclose(mean, published.mean, abs_tol=1e-9) else 0.0
    freedom = len(scores) - 1.0
    if spread:
        parts = ((deviation, len(scores)), (spread, n))
        freedom = errors**2 / sum((s**2 / k) ** 2 / (k - 1) for s, k in parts)
    t = (mean - published.mean) / math.sqrt(errors)
    return float(2 * stats.t.sf(abs(t), freedom))


def t_interval(values: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of the mean of normal values (n,); None below 2 values.

    It covers the mean in 95 % of samples of any size, where the bootstrap interval of 3 values does
    so in 75 %.

    Source: Student, Biometrika 1908, https://doi.org/10.2307/2331554
    """
    if len(values) < SCORES_NEEDED:
        return None
    scores = np.asarray(values, dtype=float)
    quantile = stats.t.ppf(1 - LEVEL / 2, len(scores) - 1)
    half = float(quantile * scores.std(ddof=1) / math.sqrt(len(scores)))
    return Interval(float(scores.mean()) - half, float(scores.mean()) + half)
