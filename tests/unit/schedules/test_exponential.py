"""The exponential schedule."""

import numpy as np
import pytest

from dcrf.builder.schedules import build_schedule
from tests.unit.config.methods import dec, problem

ENTRY = {
    "schedule": "exponential",
    "from": 1.0,
    "to": 0.01,
    "start_iteration": 2,
    "end_iteration": 6,
    "unit": "iteration",
}


def test_values_by_hand():
    schedule = build_schedule(ENTRY)

    values = [schedule.after(done) for done in (0, 2, 3, 4, 5, 6, 7)]

    assert values == pytest.approx([1, 1, 10**-0.5, 0.1, 10**-1.5, 0.01, 0.01])


def test_values_are_those_of_numpy():
    schedule = build_schedule({**ENTRY, "to": 50.0, "start_iteration": 0, "end_iteration": 30})

    assert [schedule.after(n) for n in range(31)] == pytest.approx(np.geomspace(1.0, 50.0, 31))


@pytest.mark.parametrize("key", ["from", "to"])
@pytest.mark.parametrize("value", [0, -1])
def test_values_are_positive(tmp_path, key, value):
    method = dec()
    method["phases"][0]["design_patterns"][0]["loss_weight"] = {**ENTRY, key: value}

    found = problem(tmp_path, method)

    assert found.path == f"$.phases[0].design_patterns[0].loss_weight.{key}"
    assert found.found == f"{value} is out of range, it must be greater than 0"
