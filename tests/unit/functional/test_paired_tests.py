"""Paired tests by hand, at their limits, and as scipy has them."""

import math

import numpy as np
import pytest
from scipy import stats

from dcrf.functional.paired_tests import PAIRS_NEEDED, paired_test


def test_six_pairs_of_one_sign_are_the_fewest_that_reach_the_level():
    assert PAIRS_NEEDED == 6
    test = paired_test([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])

    assert test.wilcoxon == pytest.approx(2 / 2**6)
    assert test.verdict == "better"
    assert test.difference == pytest.approx(0.035)


def test_fewer_pairs_have_no_verdict():
    assert paired_test([0.1, 0.2, 0.3, 0.4, 0.5]).verdict is None


def test_opposite_signs_are_worse():
    assert paired_test([-0.01, -0.02, -0.03, -0.04, -0.05, -0.06]).verdict == "worse"


@pytest.mark.parametrize("differences", [[0.0] * 8, [0.1, -0.1] * 4, [0.0] * 5 + [0.1] * 3])
def test_differences_without_a_direction_are_not_distinguishable(differences):
    assert paired_test(differences).verdict == "not distinguishable"


def test_ties_are_exact():
    """Six equal differences: two of 64 choices of signs are as extreme."""
    test = paired_test([0.1] * 6)

    assert test.wilcoxon == pytest.approx(2 / 2**6)
    assert math.isnan(test.t)


@pytest.mark.parametrize("n", [6, 10, 13, 14, 40, 80])
def test_p_values_are_those_of_scipy(n):
    differences = np.random.default_rng(n).normal(0.3, 1, n)
    test = paired_test(differences.tolist())

    assert test.wilcoxon == pytest.approx(stats.wilcoxon(differences).pvalue)
    assert test.t == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)


def test_one_pair_has_a_difference_only():
    test = paired_test([0.25])

    assert (test.difference, test.verdict) == (0.25, None)
    assert math.isnan(test.t)


@pytest.mark.parametrize(
    "differences", [[0.1, 0.1, -0.1, 0.2, 0.3, -0.4, 0.2], [1, 1, 2, 2, -3, 3, 4, -4, 5]]
)
def test_all_signs_of_ties_are_tried(differences):
    expected = stats.wilcoxon(differences, method=stats.PermutationMethod()).pvalue

    assert paired_test(differences).wilcoxon == pytest.approx(expected)
