"""Hooks: actions between iterations."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor

from dcrf.assignment.lifecycle import Lifecycle
from dcrf.batch import DatasetPass, Place
from dcrf.evaluation.collapse import persistent_signs
from dcrf.reporting.records import EvaluationRecord, LossRecord, Note, Progress, ScheduleRecord
from dcrf.reporting.writers import Writer
from dcrf.schedules.base import Schedule
from dcrf.training.interfaces import Evaluator
from dcrf.training.phase import Hook, PhaseState


class AdvanceParts(Hook):
    """Lets the parts of a method change that do so by themselves."""

    def __init__(
        self, lifecycles: Iterable[Lifecycle], place: Place, data_pass: DatasetPass
    ) -> None:
        self.lifecycles, self.data_pass = tuple(lifecycles), data_pass
        for lifecycle in self.lifecycles:
            lifecycle.start_phase(place)

    def after_iteration(self, state: PhaseState) -> None:
        """Pass the iteration to every part."""
        for lifecycle in self.lifecycles:
            lifecycle.after_iteration(state.clock, self.data_pass)


class Every(Hook):
    """Acts after every `interval` iterations, and at the end of the phase if asked to.

    Args:
        interval: None for the end only.
        action: has no arguments.
        also_at_the_end: whether to act at the end of the phase.
        even_if_just_done: whether to do so even if the last iteration was due.
    """

    def __init__(
        self,
        interval: int | None,
        action: Callable[[], None],
        *,
        also_at_the_end: bool,
        even_if_just_done: bool = False,
    ) -> None:
        self.interval, self.action, self.also_at_the_end = interval, action, also_at_the_end
        self.even_if_just_done = even_if_just_done

    def after_iteration(self, state: PhaseState) -> None:
        """Act if an action is due."""
        if self.interval is not None and state.clock.due(self.interval):
            self.action()

    def after_phase(self, state: PhaseState) -> None:
        """Act once more, unless the last iteration was due."""
        was_due = self.interval is not None and state.clock.due(self.interval)
        if self.also_at_the_end and (self.even_if_just_done or not was_due):
            self.action()


class Evaluate(Hook):
    """Evaluates after every `interval` iterations, if samples can be assigned.

    place: names of the data set and the phase.
    """

    def __init__(
        self,
        interval: int,
        evaluator: Evaluator,
        data_pass: DatasetPass,
        writer: Writer,
        place: Place,
    ) -> None:
        self.interval, self.evaluator, self.data_pass = interval, evaluator, data_pass
        self.writer, self.place = writer, place
        self.has_explained = False
        self.collapsed_since: dict[str, int] = {}
        evaluator.start_phase()

    def after_iteration(self, state: PhaseState) -> None:
        """Evaluate if an evaluation is due. If it is not possible, write the reason once."""
        if not state.clock.due(self.interval):
            return
        if reason := self.evaluator.why_not_ready():
            self._explain(reason)
            return
        state.evaluation = self.evaluator.evaluate(self.data_pass)
        self.evaluator.score_candidates(self.data_pass)
        record = EvaluationRecord(*self.place, state.clock.iteration, state.evaluation.record())
        self.writer.write(record)
        self._warn(state, state.evaluation.collapse)

    def state_dict(self) -> dict[str, Any]:
        """Return whether the reason is written, and since when each sign of collapse lasts."""
        return {"has_explained": self.has_explained, "collapsed_since": dict(self.collapsed_since)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.has_explained = state["has_explained"]
        self.collapsed_since = dict(state["collapsed_since"])

    def _warn(self, state: PhaseState, collapse: Mapping[str, str]) -> None:
        """Update the warnings, and write those that begin or end."""
        before, now = state.warnings, state.clock.iteration
        self.collapsed_since = {kind: self.collapsed_since.get(kind, now) for kind in collapse}
        state.warnings = persistent_signs(collapse, self.collapsed_since, now)
        begun = [f"warning at {w}" for kind, w in state.warnings.items() if kind not in before]
        ended = [
            f"warning of {kind} ends at it {now}" for kind in before if kind not in state.warnings
        ]
        for text in (*begun, *ended):
            self.writer.write(Note(f"{self.place[1]}  {text}"))

    def _explain(self, reason: str) -> None:
        if not self.has_explained:
            self.writer.write(Note(f"{self.place[1]}  is not evaluated: {reason}"))
        self.has_explained = True


class ReportLosses(Hook):
    """Reports each loss as its unweighted mean since its last report.

    Args:
        intervals: loss name -> iterations between reports; 0 for never.
        writer: receives the records.
        place: names of the data set and the phase.
    """

    def __init__(self, intervals: Mapping[str, int], writer: Writer, place: Place) -> None:
        self.intervals = {name: n for name, n in intervals.items() if n > 0}
        self.writer, self.place = writer, place
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def after_iteration(self, state: PhaseState) -> None:
        """Add up the losses, and report those that are due."""
        for name in self.intervals:
            total = self.sums.get(name)
            # float64, since thousands of iterations add up
            value = state.losses[name].double()
            self.sums[name] = value if total is None else total + value
            self.counts[name] = self.counts.get(name, 0) + 1
        self._report(state, [n for n, i in self.intervals.items() if state.clock.due(i)])

    def after_phase(self, state: PhaseState) -> None:
        """Report the losses since the last reports."""
        self._report(state, list(self.sums))

    def state_dict(self) -> dict[str, Any]:
        """Return the sums since the last reports."""
        return {"sums": dict(self.sums), "counts": dict(self.counts)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.sums, self.counts = dict(state["sums"]), dict(state["counts"])

    def _report(self, state: PhaseState, names: list[str]) -> None:
        if names:
            means = {name: (self.sums.pop(name) / self.counts.pop(name)).item() for name in names}
            self.writer.write(LossRecord(*self.place, state.clock.iteration, means))


class ReportSchedules(Hook):
    """Reports the values of schedules in the iterations in which losses are reported.

    Args:
        schedules: by their places, such as `<pattern>/<key>`.
        intervals: iterations between reports of losses; below 1 for never.
        writer: receives the records.
        place: names of the data set and the phase.
    """

    def __init__(
        self,
        schedules: Mapping[str, Schedule],
        intervals: Iterable[int],
        writer: Writer,
        place: Place,
    ) -> None:
        self.schedules, self.writer, self.place = schedules, writer, place
        self.intervals = {interval for interval in intervals if interval > 0}

    def after_iteration(self, state: PhaseState) -> None:
        """Report the values if a report of losses is due."""
        if any(map(state.clock.due, self.intervals)):
            values = {name: schedule(state.clock) for name, schedule in self.schedules.items()}
            self.writer.write(ScheduleRecord(*self.place, state.clock.iteration, values))


class ShowProgress(Hook):
    """Reports the progress of the phase."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def after_iteration(self, state: PhaseState) -> None:
        """Report the iteration, and losses that are read on demand."""
        clock, losses = state.clock, state.losses

        def read() -> dict[str, float]:
            return {name: loss.item() for name, loss in losses.items()}

        self.writer.write(Progress(clock.iteration, read, clock.epoch))
