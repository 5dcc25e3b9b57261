"""Tests of several methods over data sets: Friedman's test, and pairs with Holm's correction."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from dcrf.functional.paired_tests import LEVEL, PairedTest, paired_test

METHODS_NEEDED = 3
"""Two methods are a pair, which the signed-rank test compares by itself."""
DATA_SETS_NEEDED = 5
"""Three methods in one order on n data sets have a p-value of exp(-n), below the level from n = 3.

Friedman's approximation by chi-square is too far off below five data sets.
"""


class FriedmanTest(NamedTuple):
    """The result of Friedman's test.

    ranks: (k,) mean rank of each method over data sets; 1 is the best, ties share a mean rank.
    statistic: chi-square with k - 1 degrees of freedom, corrected for ties; 0 if all tie.
    p: of the hypothesis that no method differs, by the approximation; 1 if all tie.
    """

    ranks: tuple[float, ...]
    statistic: float
    p: float


class PairTest(NamedTuple):
    """A pair of methods over data sets.

    first, second: their positions.
    difference: mean over data sets of the scores of the first less those of the second.
    p: of the signed-rank test, two-sided, after Holm's correction.
    verdict: on the first one, as in `PairedTest`, by the corrected p.
    """

    first: int
    second: int
    difference: float
    p: float
    verdict: str


def friedman(scores: ArrayLike) -> FriedmanTest:
    """Test whether k methods differ over n data sets; scores (n, k), larger ones are better.

    Raises:
        ValueError: there are fewer than `METHODS_NEEDED` methods or `DATA_SETS_NEEDED` data sets.

    Sources: Friedman, JASA 1937, https://doi.org/10.1080/01621459.1937.10503522; Demsar, JMLR 2006,
    https://www.jmlr.org/papers/v7/demsar06a.html
    """
    values = np.asarray(scores, dtype=float)
    n_sets, n_methods = values.shape
    if n_methods < METHODS_NEEDED or n_sets < DATA_SETS_NEEDED:
        raise ValueError(f"{n_methods} methods on {n_sets} data sets are too few")
    ranks = mean_ranks(values)
    if (values == values[:, :1]).all():
        return FriedmanTest(ranks, 0.0, 1.0)
    test = stats.friedmanchisquare(*values.T)
    return FriedmanTest(ranks, float(test.statistic), float(test.pvalue))


def mean_ranks(values: NDArray[np.floating]) -> tuple[float, ...]:
    """Return the mean rank of each of k methods over n data sets; values (n, k), 1 is the best."""
    return tuple(stats.rankdata(-values, axis=1).mean(axis=0).tolist())


def pairs_of_methods(scores: ArrayLike) -> list[PairTest]:
    """Compare all pairs of k methods over n data sets by signed ranks; scores (n, k).

    Raises:
        ValueError: n is below `data_sets_for_pairs(k)`.
    """
    values = np.asarray(scores, dtype=float)
    n_sets, n_methods = values.shape
    if n_sets < data_sets_for_pairs(n_methods):
        raise ValueError(f"{n_sets} data sets are too few for pairs of {n_methods} methods")
    pairs = list(combinations(range(n_methods), 2))
    tests = [paired_test((values[:, a] - values[:, b]).tolist()) for a, b in pairs]
    corrected = holm([test.wilcoxon for test in tests])
    return [
        PairTest(a, b, test.difference, p, _verdict(test, p))
        for (a, b), test, p in zip(pairs, tests, corrected, strict=True)
    ]


def _verdict(test: PairedTest, p: float) -> str:
    """Return the verdict of a pair's own test if it holds after the correction, too."""
    return test.verdict if test.verdict and p < LEVEL else "not distinguishable"


def data_sets_for_pairs(n_methods: int) -> int:
    """Return the number of data sets from which a pair of methods can reach the level.

    The smallest p-value of signed ranks over n data sets is 2 / 2^n, and Holm's correction
    multiplies it by the number of pairs: 3 methods need 7 data sets, 10 methods 11.
    """
    return pairs_for_tests(n_methods * (n_methods - 1) // 2)


def pairs_for_tests(n_tests: int) -> int:
    """Return the number of paired scores from which each of several tests can reach the level."""
    return math.floor(math.log2(2 * n_tests / LEVEL)) + 1


class Corrected(NamedTuple):
    """A paired test among several ones.

    test: by itself.
    p: of its signed ranks, after Holm's correction; None if no scores could reach the level.
    verdict: as in `PairedTest`, by the corrected p; None without one.
    pairs_needed: of every test, so that each can reach the level.
    """

    test: PairedTest
    p: float | None
    verdict: str | None
    pairs_needed: int


def corrected_tests(differences: Sequence[Sequence[float]]) -> list[Corrected]:
    """Test several series of differences of paired scores, with Holm's correction.

    Args:
        differences: of each test, at least one.
    """
    tests = [paired_test(values) for values in differences]
    decided = [number for number, test in enumerate(tests) if test.verdict is not None]
    corrected = holm([tests[number].wilcoxon for number in decided])
    smallest = holm([2.0 ** (1 - len(differences[number])) for number in decided])
    p_values = {
        number: p
        for number, p, least in zip(decided, corrected, smallest, strict=True)
        if least < LEVEL
    }
    needed = pairs_for_tests(max(1, len(tests)))
    return [
        Corrected(test, p, None if p is None else _verdict(test, p), needed)
        for number, test in enumerate(tests)
        for p in [p_values.get(number)]
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values (m,) corrected for their number by Holm's step-down procedure.

    Source: Holm, Scandinavian Journal of Statistics 1979, https://www.jstor.org/stable/4615733
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for position, index in enumerate(order):
        largest = max(largest, (len(p_values) - position) * p_values[index])
        corrected[index] = min(1.0, largest)
    return corrected
