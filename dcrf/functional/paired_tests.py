"""Paired tests of scores: whether a method differs from another one over the same seeds."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.05
"""Two-sided level of significance."""
PAIRS_NEEDED = math.ceil(math.log2(2 / LEVEL))
"""The smallest number of pairs whose signed ranks can reach the level: 2 / 2^6 is below 0.05."""


_EXACT = 13
"""The largest number of differences of which all signs are tried, so that ties are exact."""


class PairedTest(NamedTuple):
    """The result of paired tests.

    difference: mean of the differences.
    wilcoxon: p-value of the signed-rank test, exact up to 13 differences; 1 if all are 0.
    t: p-value of the paired t-test; NaN if all differences are equal.
    verdict: `better`, `worse` or `not distinguishable` by the signed-rank test; None if there are
        too few pairs for any verdict.
    """

    difference: float
    wilcoxon: float
    t: float
    verdict: str | None


def paired_test(differences: Sequence[float]) -> PairedTest:
    """Test whether differences (n,) of paired scores are centered at 0, two-sided.

    Differences of 0 say nothing about the direction and are left out of the signed ranks.

    Args:
        differences: of a method's scores from those of the baseline, at least one.

    Source: Wilcoxon, Biometrics Bulletin 1945, https://doi.org/10.2307/3001968
    """
    values = np.asarray(differences, dtype=float)
    nonzero = values[values != 0]
    wilcoxon = _signed_rank_p(nonzero)
    mean = float(values.mean())
    if len(values) < PAIRS_NEEDED:
        return PairedTest(mean, wilcoxon, _t_p(values), None)
    verdict = "not distinguishable"
    if wilcoxon < LEVEL:
        ranks = stats.rankdata(np.abs(nonzero))
        verdict = "better" if (np.sign(nonzero) * ranks).sum() > 0 else "worse"
    return PairedTest(mean, wilcoxon, _t_p(values), verdict)


def _signed_rank_p(nonzero: np.ndarray) -> float:
    if len(nonzero) < 2:  # noqa: PLR2004 - either sign of a single one is as likely
        return 1.0
    if len(nonzero) > _EXACT:
        return float(stats.wilcoxon(nonzero).pvalue)
    ranks = (2 * stats.rankdata(np.abs(nonzero))).astype(np.int64)  # integers, also with ties
    sums = np.zeros(1, np.int64)
    for rank in ranks:
        sums = np.concatenate([sums, sums + rank])
    positive = ranks[nonzero > 0].sum()
    return min(1.0, 2 * float(min((sums <= positive).mean(), (sums >= positive).mean())))


def _t_p(values: np.ndarray) -> float:
    if len(values) < 2 or np.ptp(values) == 0:  # noqa: PLR2004 - no deviation
        return math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nearly equal differences
        return float(stats.ttest_1samp(values, 0).pvalue)
