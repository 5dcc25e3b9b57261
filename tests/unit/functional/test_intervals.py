"""Bootstrap intervals against all resamples, at their limits and by their coverage."""

from itertools import product

import numpy as np
import pytest

from dcrf.functional.intervals import VALUES_NEEDED, bootstrap_interval


def test_fewer_values_than_needed_have_no_interval():
    assert VALUES_NEEDED == 3
    assert bootstrap_interval([]) is None
    assert bootstrap_interval([0.5, 0.6]) is None


@pytest.mark.parametrize("n", [4, 5, 6])
def test_interval_is_that_of_all_resamples(n):
    """All n^n resamples, of which the bootstrap draws some."""
    values = np.random.default_rng(n).random(n)
    means = np.sort([np.mean(values[list(chosen)]) for chosen in product(range(n), repeat=n)])

    interval = bootstrap_interval(values.tolist())

    # the share of exact resamples below each end is the promised one, up to the sampling error
    assert np.searchsorted(means, interval.low) / len(means) == pytest.approx(0.025, abs=0.02)
    assert np.searchsorted(means, interval.high) / len(means) == pytest.approx(0.975, abs=0.02)


def test_three_values_by_hand():
    """The least of 27 resamples has 1/27 > 0.025 of them, so the interval is the whole range."""
    interval = bootstrap_interval([0.1, 0.2, 0.6])

    assert interval == pytest.approx((0.1, 0.6))


def test_equal_values_have_an_interval_without_length():
    assert bootstrap_interval([0.5] * 4) == (0.5, 0.5)


def test_the_order_of_values_does_not_matter():
    assert bootstrap_interval([0.1, 0.7, 0.4, 0.3]) == bootstrap_interval([0.7, 0.3, 0.1, 0.4])
