"""Tests against a published mean are those of scipy, which are written otherwise."""

import numpy as np
import pytest
from scipy import stats

from dcrf.functional.published_mean import PublishedMean, published_mean_p, t_interval

SCORES = [0.970, 0.975, 0.973, 0.978]


@pytest.mark.parametrize("n", [2, 3, 10])
def test_an_exact_mean_is_tested_by_students_test(n):
    values = np.random.default_rng(n).normal(0.9, 0.02, n)

    p = published_mean_p(values.tolist(), PublishedMean(0.91))

    assert p == pytest.approx(stats.ttest_1samp(values, 0.91).pvalue)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_a_mean_with_deviation_is_tested_by_welchs_test(n):
    values = np.random.default_rng(n).normal(0.9, 0.02, n)
    ours = values.mean(), values.std(ddof=1), n

    p = published_mean_p(values.tolist(), PublishedMean(0.91, 0.05, 7))

    expected = stats.ttest_ind_from_stats(*ours, 0.91, 0.05, 7, equal_var=False).pvalue
    assert p == pytest.approx(expected)


def test_an_uncertain_published_mean_is_harder_to_miss():
    exact = published_mean_p(SCORES, PublishedMean(0.978))
    uncertain = published_mean_p(SCORES, PublishedMean(0.978, 0.01, 10))

    assert exact < uncertain


def test_a_single_score_has_neither_test_nor_interval():
    with pytest.raises(ValueError, match="needs 2 scores or more, got 1"):
        published_mean_p([0.9], PublishedMean(0.9))
    assert t_interval([0.9]) is None
    assert t_interval([]) is None


def test_equal_scores_are_the_exact_mean_or_not():
    assert published_mean_p([0.5, 0.5], PublishedMean(0.5)) == 1
    assert published_mean_p([0.5, 0.5], PublishedMean(0.6)) == 0


def test_equal_scores_are_tested_against_an_uncertain_mean():
    p = published_mean_p([0.5, 0.5], PublishedMean(0.6, 0.1, 2))

    t = (0.6 - 0.5) / (0.1 / np.sqrt(2))
    assert p == pytest.approx(2 * stats.t.sf(t, 1))


@pytest.mark.parametrize("n", [2, 5])
def test_the_interval_is_that_of_student(n):
    values = np.random.default_rng(n).normal(0.9, 0.02, n)

    expected = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
    assert t_interval(values.tolist()) == pytest.approx(expected)


def test_the_interval_and_the_test_agree():
    low, high = t_interval(SCORES)

    assert published_mean_p(SCORES, PublishedMean(low)) == pytest.approx(0.05)
    assert published_mean_p(SCORES, PublishedMean(high)) == pytest.approx(0.05)
