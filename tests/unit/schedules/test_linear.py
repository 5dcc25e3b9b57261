"""The linear schedule."""

import numpy as np
import pytest

from dcrf.builder.schedules import build_schedule

ENTRY = {
    "schedule": "linear",
    "from": 1.0,
    "to": 0.2,
    "start_iteration": 10,
    "end_iteration": 14,
    "unit": "iteration",
}


def test_values_by_hand():
    schedule = build_schedule(ENTRY)

    values = [schedule.after(done) for done in (0, 10, 11, 12, 13, 14, 99)]

    assert values == pytest.approx([1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.2])


def test_values_are_those_of_numpy():
    schedule = build_schedule({**ENTRY, "start_iteration": 0, "end_iteration": 40})

    values = [schedule.after(done) for done in range(41)]

    assert values == pytest.approx(np.linspace(1.0, 0.2, 41))
