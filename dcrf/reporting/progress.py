"""The progress of a run: its phase, its rate, and the time that is left of the whole run."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dcrf.reporting.lines import scores
from dcrf.reporting.records import (
    EvaluationRecord,
    PhaseRecord,
    PhaseStart,
    PlannedPhase,
    Progress,
    Record,
    RunPlan,
)

Clock = Callable[[], float]
"""Seconds since some moment, as `time.monotonic` returns."""
_Place = tuple[str, str]
"""Names of a data set and a phase."""


@dataclass(frozen=True, slots=True)
class Status:
    """The progress of a run in plain values.

    phase: its name.
    number, phases: of the phase, from 1, among all phases on all data sets; None if unknown.
    dataset: its name if the run has several data sets, else empty.
    iteration: None before the first one of this process.
    iterations: at which the phase ends, None if unknown.
    rate: iterations per second in this phase, None if unknown.
    seconds_left: of the whole run, None if unknown.
    may_end_earlier: whether `seconds_left` is an upper bound.
    scores: of the last evaluation of the phase, such as `ACC 0.812`.
    losses: short name -> unweighted loss of the iteration.
    """

    phase: str
    number: int | None = None
    phases: int | None = None
    dataset: str = ""
    iteration: int | None = None
    iterations: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    may_end_earlier: bool = False
    scores: Sequence[str] = ()
    losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """The seconds of a finished run of the same method.

    paces: (data set, phase) -> seconds per iteration.
    final_evaluations: data set -> seconds.
    """

    paces: Mapping[_Place, float] = field(default_factory=dict)
    final_evaluations: Mapping[str, float] = field(default_factory=dict)


NO_RUN = EarlierRun()


class RunProgress:
    """Follows the records of a run.

    The pace of a phase, in seconds per iteration, is its mean over at least the last half of its
    time in this process, so it includes evaluations, and adapts if other programs start or end. A
    phase that has not begun is expected to
    take, per iteration, the same as

    1. in an earlier run, multiplied by the ratio of the current phase's paces in both runs,
    2. without such a run, the latest phase of the same name on another data set,
    3. otherwise the current phase.

    Initializations and final evaluations count only in 1, since nothing else tells their length;
    opening data never counts.

    Args:
        clock: returns seconds.
        earlier: a finished run of the same method.

    now: time of the last iteration.
    """

    def __init__(self, clock: Clock = time.monotonic, earlier: EarlierRun = NO_RUN) -> None:
        self.clock, self.earlier = clock, earlier
        self.now = clock()
        self.plan: Sequence[PlannedPhase] = ()
        self._paces: dict[_Place, float] = {}
        self._epoch_lengths: dict[str, float] = {}
        self.phase = PlannedPhase("", "", None)
        self.epoch = 1
        self.start: float | None = None
        self._since = self._next_since = 0, 0.0  # iteration and time from which the pace counts
        self._double_at = 0.0
        self.iteration: int | None = None
        self.scores: list[str] = []

    def take(self, record: Record) -> None:
        """Follow one record."""
        match record:
            case Progress():
                self._advance(record)
            case RunPlan():
                self.plan = record.phases
            case PhaseStart():
                place = record.dataset, record.phase
                planned = (phase for phase in self.plan if _place(phase) == place)
                self._begin(next(planned, PlannedPhase(*place, record.iterations)))
            case EvaluationRecord() if record.phase is not None:
                self.scores = scores(record.evaluation)
            case PhaseRecord():
                self._keep_pace()

    def status(self, losses: Mapping[str, float] | None = None) -> Status:
        """Return the progress of the current phase, with the losses of its last iteration."""
        self._keep_pace()
        phase, names = self.phase, short_names(list(losses or {}))
        pace = self._paces.get(_place(phase))
        number = self.plan.index(phase) + 1 if phase in self.plan else None
        left = [phase, *self.plan[number:]] if number else [phase]
        return Status(
            phase.phase,
            number,
            len(self.plan) if number else None,
            phase.dataset if len({other.dataset for other in self.plan}) > 1 else "",
            self.iteration,
            self._total(phase),
            1 / pace if pace else None,
            self._seconds_left(left),
            any(other.may_end_earlier for other in left),
            self.scores,
            {names[name]: value for name, value in (losses or {}).items()},
        )

    def _begin(self, phase: PlannedPhase) -> None:
        self.phase, self.epoch, self.start, self.iteration = phase, 1, None, None
        self.scores = []

    def _advance(self, record: Progress) -> None:
        self.iteration, self.now = record.iteration, self.clock()
        if self.start is None:
            self.start, self._double_at = self.now, self.now + 1.0
            self._since = self._next_since = record.iteration, self.now
        elif self.now >= self._double_at:
            self._since, self._next_since = self._next_since, (record.iteration, self.now)
            self._double_at = self.now + (self.now - self.start)
        if record.epoch != self.epoch:
            self.epoch = record.epoch
            length = (record.iteration - 1) / (record.epoch - 1)
            self._epoch_lengths[self.phase.dataset] = length

    def _keep_pace(self) -> None:
        iteration, since = self._since
        if self.start is not None and self.iteration is not None and self.iteration > iteration:
            pace = (self.now - since) / (self.iteration - iteration)
            self._paces.pop(_place(self.phase), None)  # the latest one comes last
            self._paces[_place(self.phase)] = pace

    def _total(self, phase: PlannedPhase) -> int | None:
        """Return the iterations of a phase, None if they are unknown."""
        length = self._epoch_lengths.get(phase.dataset)
        of_epochs = round(phase.epochs * length) if phase.epochs and length else None
        return min((n for n in (phase.iterations, of_epochs) if n is not None), default=None)

    def _seconds_left(self, phases: Sequence[PlannedPhase]) -> float | None:
        """Return the seconds of the rest of the current phase, and of those after it."""
        current, *later = phases
        pace, total = self._paces.get(_place(current)), self._total(current)
        if pace is None or total is None or self.iteration is None:
            return None
        seconds = pace * max(total - self.iteration, 0)
        for phase in later:
            total = self._total(phase)
            if total is None:
                return None
            seconds += total * self._expected_pace(phase, pace)
        return seconds + self._seconds_of_final_evaluations(phases, pace)

    def _expected_pace(self, phase: PlannedPhase, pace: float) -> float:
        """Return the pace of a phase that has not begun, from that of the current one."""
        earlier = self.earlier.paces.get(_place(phase))
        if earlier is not None and (ratio := self._ratio(pace)) is not None:
            return earlier * ratio
        of_same_name = [p for (_, name), p in self._paces.items() if name == phase.phase]
        return of_same_name[-1] if of_same_name else pace

    def _seconds_of_final_evaluations(self, phases: Sequence[PlannedPhase], pace: float) -> float:
        ratio = self._ratio(pace)
        if ratio is None:
            return 0.0
        evaluations = self.earlier.final_evaluations
        return ratio * sum(evaluations.get(name, 0.0) for name in {p.dataset for p in phases})

    def _ratio(self, pace: float) -> float | None:
        """Return how many times as long an iteration takes now as in the earlier run."""
        earlier = self.earlier.paces.get(_place(self.phase))
        return pace / earlier if earlier else None


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return `<pattern>/<loss>` -> the first kind of name that tells all of them apart.

    The kinds are the first word of the pattern, the loss, the pattern, and both.
    """
    kinds: list[Callable[[str], str]] = [
        lambda name: name.split("/")[0].split("_")[0],
        lambda name: name.split("/")[-1],
        lambda name: name.split("/")[0],
        str,
    ]
    tables = ({name: kind(name) for name in names} for kind in kinds)
    return next(table for table in tables if len(set(table.values())) == len(names))


def _place(phase: PlannedPhase) -> _Place:
    return phase.dataset, phase.phase
