"""Build the schedules of keys that no constructor takes, and find all of a phase."""

from collections.abc import Iterator, Mapping
from typing import Any

from dcrf.builder.components import build_entry
from dcrf.config.method_config import PatternConfig, PhaseConfig
from dcrf.schedules.base import Schedule
from dcrf.schema.registry import DESIGN_PATTERNS, SCHEDULES


def build_schedule(value: Any) -> Schedule:
    """Build the schedule of a number or an entry in the file."""
    schedule: Schedule = build_entry(SCHEDULES, value)
    return schedule


def schedules_of(phase: PhaseConfig) -> dict[str, Schedule]:
    """Return the schedules of a phase by their places, without plain numbers."""
    scheduled = {
        f"gradient_clipping/{key}": value for key, value in phase.gradient_clipping.items()
    }
    for pattern in phase.design_patterns:
        scheduled.update(_scheduled_in(pattern))
    entries = {place: value for place, value in scheduled.items() if isinstance(value, Mapping)}
    return {place: build_schedule(value) for place, value in entries.items()}


def _scheduled_in(pattern: PatternConfig) -> Iterator[tuple[str, Any]]:
    for loss, weight in pattern.weights.items():
        yield f"{pattern.name}/{'' if loss == '*' else f'{loss}/'}weight", weight
    properties = DESIGN_PATTERNS.properties(pattern.stem)
    for key, value in pattern.options.items():
        if properties[key].get("x-component") == SCHEDULES.kind:
            yield f"{pattern.name}/{key}", value
