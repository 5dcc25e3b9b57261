"""The annealing of deep k-means."""

import pytest

from dcrf.builder.schedules import build_schedule

ENTRY = {
    "schedule": "deep_k_means_annealing",
    "annealing_initial_value": 0.1,
    "annealing_final_value": 1000.0,
    "annealing_iterations_per_value": 5,
    "unit": "iteration",
}


def test_values_by_hand():
    """METHODS.md, N19: alpha_(k+1) = 2^(1 / ln(k+1)^2) alpha_k, 2^(1 / 0.480453) = 4.23209."""
    schedule = build_schedule(ENTRY)

    assert [schedule.after(done) for done in (0, 4)] == [0.1, 0.1]
    assert [schedule.after(done) for done in (5, 9)] == pytest.approx([0.423209] * 2, rel=1e-5)
    assert schedule.after(10) == pytest.approx(0.423209 * 1.77588, rel=1e-5)
    assert schedule.after(5 * 39) == pytest.approx(28.13, abs=0.01)  # alpha_40 of the paper


def test_the_final_value_is_the_bound():
    schedule = build_schedule({**ENTRY, "annealing_final_value": 0.3})

    assert [schedule.after(done) for done in (0, 5, 500)] == [0.1, 0.3, 0.3]
    assert schedule.final == 0.3
