"""Friedman's test and Holm's correction by hand, and against slow independent computations."""

from itertools import permutations, product
from math import exp

import numpy as np
import pytest

from dcrf.functional.paired_tests import LEVEL
from dcrf.functional.rank_tests import (
    DATA_SETS_NEEDED,
    corrected_tests,
    data_sets_for_pairs,
    friedman,
    holm,
    pairs_of_methods,
)


def slow_friedman(scores):
    """Mean ranks and the statistic by counting and by sums of squares, without ties."""
    n, k = scores.shape
    ranks = [
        sum(1 + sum(other > row[j] for other in row) for row in scores.tolist()) / n
        for j in range(k)
    ]
    return ranks, 12 * n / (k * (k + 1)) * (sum(r * r for r in ranks) - k * (k + 1) ** 2 / 4)


@pytest.mark.parametrize(("n", "k"), [(5, 3), (8, 4), (20, 6)])
def test_friedman_is_the_textbook_formula(n, k):
    scores = np.random.default_rng(n).random((n, k))
    ranks, statistic = slow_friedman(scores)

    test = friedman(scores)

    assert test.ranks == pytest.approx(ranks)
    assert test.statistic == pytest.approx(statistic)


def test_friedman_of_one_order_by_hand():
    """Ranks 1, 2, 3 on all of n data sets: the statistic is 2n, and p = exp(-n)."""
    test = friedman([[0.9, 0.8, 0.7]] * 5)

    assert test.ranks == (1, 2, 3)
    assert test.statistic == pytest.approx(10)
    assert test.p == pytest.approx(exp(-5))


def test_friedman_of_ties():
    tied = friedman([[0.5, 0.5, 0.5]] * 6)
    shared = friedman([[0.9, 0.9, 0.1]] * 5)

    assert (tied.ranks, tied.statistic, tied.p) == ((2, 2, 2), 0, 1)
    assert shared.ranks == (1.5, 1.5, 3)
    assert shared.statistic == pytest.approx(10)  # as extreme as ties allow: n (k - 1)


def test_the_approximation_is_near_the_exact_distribution():
    """All orders of 3 methods on 5 data sets, of which the first may stay fixed."""
    scores = np.array([[3, 2, 1], [3, 2, 1], [3, 1, 2], [3, 2, 1], [2, 3, 1]], dtype=float)
    observed = friedman(scores)
    orders = list(permutations((1.0, 2.0, 3.0)))
    statistics = [
        slow_friedman(np.array([(3.0, 2.0, 1.0), *rest]))[1] for rest in product(orders, repeat=4)
    ]
    exact = np.mean([s >= observed.statistic - 1e-9 for s in statistics])

    assert observed.p == pytest.approx(exact, abs=0.02)


def test_too_few_are_refused():
    assert DATA_SETS_NEEDED == 5
    with pytest.raises(ValueError, match="3 methods on 4 data sets are too few"):
        friedman(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="2 methods on 9 data sets are too few"):
        friedman(np.zeros((9, 2)))
    with pytest.raises(ValueError, match="6 data sets are too few for pairs of 3 methods"):
        pairs_of_methods(np.zeros((6, 3)))


@pytest.mark.parametrize(("k", "n"), [(2, 6), (3, 7), (4, 8), (5, 9), (10, 11)])
def test_pairs_need_as_many_data_sets_as_can_reach_the_level(k, n):
    n_pairs = k * (k - 1) / 2

    assert data_sets_for_pairs(k) == n
    assert n_pairs * 2 / 2**n < LEVEL <= n_pairs * 2 / 2 ** (n - 1)


def test_pairs_by_hand():
    """One order on 7 data sets: every pair has p = 2 / 2^7, three times that after Holm."""
    rows = [[0.9 - 0.01 * i, 0.6 + 0.01 * i, 0.1 + 0.02 * i] for i in range(7)]

    pairs = pairs_of_methods(rows)

    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    assert [pair.p for pair in pairs] == pytest.approx([3 * 2 / 2**7] * 3)
    assert pairs[0].difference == pytest.approx(0.3 - 0.06)
    assert {pair.verdict for pair in pairs} == {"better"}
    assert pairs_of_methods(np.negative(rows))[0].verdict == "worse"


def test_a_pair_that_differs_by_itself_only_is_not_distinguishable():
    """Six of seven signs agree: p = 0.047 alone, and more after Holm."""
    first = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, -0.02]
    rows = [[0.5 + d, 0.5, 0.5 + 0.01 * (-1) ** i] for i, d in enumerate(first)]

    pair = pairs_of_methods(rows)[0]

    assert pair.p > LEVEL > pair.p / 3
    assert pair.verdict == "not distinguishable"


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_holm_rejects_as_the_step_down_procedure():
    """The procedure itself: reject in rising order until one is above level / (m - position)."""
    random = np.random.default_rng(0)
    for _ in range(200):
        p_values = (random.random(6) ** 3).tolist()
        rejected = set()
        for position, index in enumerate(np.argsort(p_values)):
            if p_values[index] > LEVEL / (6 - position):
                break
            rejected.add(int(index))

        assert {i for i, p in enumerate(holm(p_values)) if p <= LEVEL} == rejected


def test_a_verdict_is_that_of_the_ranks_and_not_of_the_mean():
    """Eleven of twelve are worse, and the first method has collapsed once."""
    differences = [-0.01 * number for number in range(1, 12)] + [1.0]

    (corrected,) = corrected_tests([differences])

    assert corrected.test.difference > 0
    assert corrected.verdict == "worse"


def test_tests_that_cannot_reach_the_level_have_no_verdict():
    one, *others = corrected_tests([[0.1] * 6])
    two = corrected_tests([[0.1] * 6, [0.1] * 6])
    few = corrected_tests([[0.1] * 5] * 8)
    mixed = corrected_tests([[0.1] * 9, [0.1] * 6, [0.1] * 5])

    assert (one.verdict, one.pairs_needed, others) == ("better", 6, [])
    assert [(t.p, t.verdict, t.pairs_needed) for t in two] == [(None, None, 7)] * 2
    assert {(t.p, t.verdict, t.pairs_needed) for t in few} == {(None, None, 9)}
    assert [t.verdict for t in mixed] == ["better", "better", None]
    assert mixed[1].p == pytest.approx(2 / 2**6)
