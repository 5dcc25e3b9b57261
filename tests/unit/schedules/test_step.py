"""The step schedule."""

import pytest

from dcrf.builder.schedules import build_schedule
from tests.unit.config.methods import dec, load, problem

WEIGHT = "$.phases[0].design_patterns[0].loss_weight"


def weighted(values):
    method = dec()
    entry = {"schedule": "step", "values": values}
    method["phases"][0]["design_patterns"][0]["loss_weight"] = entry
    return method


def test_values_by_hand():
    values = {"100": 0.01, "0": 1.0, "9": 0.1}  # the order of the keys means nothing
    schedule = build_schedule({"schedule": "step", "values": values, "unit": "iteration"})

    assert [schedule.after(done) for done in (0, 8, 9, 10, 99, 100, 10**6)] == [
        *(1.0, 1.0, 0.1, 0.1, 0.1, 0.01, 0.01),
    ]


def test_the_first_iteration_needs_a_value(tmp_path):
    found = problem(tmp_path, weighted({"5": 1.0}))

    assert (found.path, found.found) == (f"{WEIGHT}.values", "the key '0' is missing")


@pytest.mark.parametrize("key", ["-1", "1.5", "01", "ten"])
def test_keys_are_numbers_of_iterations(tmp_path, key):
    found = problem(tmp_path, weighted({"0": 1.0, key: 2.0}))

    assert found.path == f"{WEIGHT}.values"
    assert found.remedy == "The keys are numbers of iterations, such as 0 and 1000."


def test_a_value_is_a_number(tmp_path):
    found = problem(tmp_path, weighted({"0": 1.0, "5": "2"}))

    assert (found.path, found.found) == (f"{WEIGHT}.values['5']", "'2' is not a number")


def test_a_value_that_the_phase_never_reaches_is_a_warning(tmp_path):
    warnings = load(tmp_path, weighted({"0": 1.0, "11": 2.0})).warnings

    assert [(w.path, w.found) for w in warnings] == [
        (f"{WEIGHT}.values", "the schedule reaches iteration 11, but the phase ends after 10")
    ]
