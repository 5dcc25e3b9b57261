"""Build the schedules of keys that no constructor takes."""

from typing import Any

from dcrf.builder.components import build_entry
from dcrf.schedules.base import Schedule
from dcrf.schema.registry import SCHEDULES


def build_schedule(value: Any) -> Schedule:
    """Build the schedule of a number or an entry in the file."""
    schedule: Schedule = build_entry(SCHEDULES, value)
    return schedule
