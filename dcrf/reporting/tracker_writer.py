"""Pass the records of a run to a tracker, which may fail without harm."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dcrf.reporting.records import (
    EvaluationRecord,
    LossRecord,
    Note,
    Record,
    RunEnded,
    ScheduleRecord,
    ValidationRecord,
)
from dcrf.tracking.base import Tracker

_COUNTS = ("n_samples", "internal_samples")
"""Fields of an evaluation that are constant."""


class TrackerWriter:
    """Passes losses, schedules and scores to a tracker, until it raises.

    Args:
        name: of the tracker.
        start: returns the tracker; it may raise, too.
        warn: takes the warning that the tracker has failed.
    """

    def __init__(
        self, name: str, start: Callable[[], Tracker], warn: Callable[[Note], None]
    ) -> None:
        self.name, self.warn = name, warn
        self.scores: dict[str, float] = {}
        self.tracker: Tracker | None = None
        with self._guard():
            self.tracker = start()

    def write(self, record: Record) -> None:
        """Pass the numbers of a record, if it has any."""
        if self.tracker is not None:
            with self._guard():
                self._pass(self.tracker, record)

    def close(self) -> None:
        """Do nothing: `RunEnded` closes the tracker."""

    def _pass(self, tracker: Tracker, record: Record) -> None:
        match record:
            case LossRecord(iteration=step):
                values = _numbers("losses", record.losses)
            case ScheduleRecord(iteration=step):
                values = _numbers("schedules", record.values)
            case ValidationRecord(iteration=step):
                values = _numbers(f"validation/{record.dataset}", record.evaluation)
            case EvaluationRecord(iteration=int(step)):
                values = _numbers("scores", record.evaluation)
            case EvaluationRecord():
                self.scores |= _numbers(record.dataset, record.evaluation)
                return
            case RunEnded():
                tracker.close(record.status, self.scores)
                return
            case _:
                return
        if values:
            tracker.log(f"{record.dataset}/{record.phase}", step, values)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Drop a tracker that raises, and warn."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # trackers warn of their own parts
                yield
        except Exception as error:  # noqa: BLE001 - another program may raise anything
            self.tracker = None
            self.warn(Note(f"warning: {self.name} has failed and gets no more records: {error}"))


def _numbers(prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite numbers among values under longer names, also those of an inner mapping."""
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            numbers |= _numbers(f"{prefix}/{name}", value)
        elif name not in _COUNTS and isinstance(value, int | float) and math.isfinite(value):
            numbers[f"{prefix}/{name}"] = value
    return numbers
