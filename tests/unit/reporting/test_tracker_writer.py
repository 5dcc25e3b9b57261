"""Records reach a tracker as numbers, and its failures reach nobody else."""

import warnings

import pytest

from dcrf.reporting.records import (
    EvaluationRecord,
    LossRecord,
    Note,
    RunEnded,
    ScheduleRecord,
    ValidationRecord,
)
from dcrf.reporting.tracker_writer import TrackerWriter
from dcrf.tracking.base import Tracker

SCORES = {"n_samples": 3, "acc": 0.5, "nmi": None, "internal": {"silhouette": 0.25}}


class Kept(Tracker):
    """Keeps what it gets; `fails_in` is the method that raises."""

    def __init__(self, fails_in=None):
        self.calls, self.fails_in = [], fails_in

    def log(self, group, step, values):
        self.keep("log", group, step, values)

    def close(self, status, scores):
        self.keep("close", status, scores)

    def keep(self, *call):
        if call[0] == self.fails_in:
            raise RuntimeError("no connection")
        self.calls.append(call)


def passed(tracker, *records):
    """The notes of a writer that passes records to a tracker."""
    notes = []
    writer = TrackerWriter("kept", lambda: tracker, notes.append)
    for record in records:
        writer.write(record)
    return notes


def test_numbers_get_names():
    tracker = Kept()

    notes = passed(
        tracker,
        Note("not a number"),
        LossRecord("usps", "first", 5, {"a/b": 1.5, "a/c": float("nan")}),
        ScheduleRecord("usps", "first", 6, {"weight": 2.0}),
        EvaluationRecord("usps", "first", 7, SCORES),
        ValidationRecord("held out", "first", 8, SCORES),
        EvaluationRecord("usps", None, None, SCORES),
        RunEnded("ok"),
    )

    assert not notes
    scores = {"acc": 0.5, "internal/silhouette": 0.25}
    assert tracker.calls == [
        ("log", "usps/first", 5, {"losses/a/b": 1.5}),
        ("log", "usps/first", 6, {"schedules/weight": 2.0}),
        ("log", "usps/first", 7, {f"scores/{name}": v for name, v in scores.items()}),
        ("log", "held out/first", 8, {f"validation/held out/{n}": v for n, v in scores.items()}),
        ("close", "ok", {f"usps/{name}": v for name, v in scores.items()}),
    ]


@pytest.mark.parametrize("method", ["log", "close"])
def test_a_tracker_that_raises_is_dropped_with_one_warning(method):
    losses = LossRecord("usps", "first", 5, {"a/b": 1.5})

    notes = passed(Kept(method), losses, losses, RunEnded("ok"), RunEnded("ok"))

    assert notes == [Note("warning: kept has failed and gets no more records: no connection")]


def test_a_tracker_may_fail_to_start():
    def start():
        raise OSError("disk full")

    notes = []
    TrackerWriter("kept", start, notes.append).write(RunEnded("ok"))

    assert notes == [Note("warning: kept has failed and gets no more records: disk full")]


def test_warnings_of_trackers_are_not_errors():
    def start():
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
        return Kept()

    notes = []
    TrackerWriter("kept", start, notes.append)

    assert not notes
