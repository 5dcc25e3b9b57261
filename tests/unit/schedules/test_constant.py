"""The constant schedule."""

import pytest

from dcrf.builder.schedules import build_schedule
from dcrf.schedules.constant import Constant


@pytest.mark.parametrize("value", [0.5, 3, {"schedule": "constant", "fixed_value": 0.5}])
def test_a_number_is_the_constant_schedule(value):
    schedule = build_schedule(value)

    assert isinstance(schedule, Constant)
    expected = value if not isinstance(value, dict) else 0.5
    assert [schedule.after(done) for done in (0, 7)] == [expected, expected] == [schedule.final] * 2
