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
    # all signs of up to 13 differences are tried, so that ties need no approximation
    method = stats.PermutationMethod() if len(nonzero) <= 13 else "auto"  # noqa: PLR2004
    return float(stats.wilcoxon(nonzero, method=method).pvalue)


def _t_p(values: np.ndarray) -> float:
    if len(values) < 2 or np.ptp(values) == 0:  # noqa: PLR2004 - no deviation
        return math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nearly equal differences
        return float(stats.ttest_1samp(values, 0).pvalue)
