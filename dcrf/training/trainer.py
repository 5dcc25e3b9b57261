"""Run a method: data set by data set, phase by phase, from the beginning or from a checkpoint."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from dcrf.batch import DatasetPass
from dcrf.data.data_source import DataSource
from dcrf.errors import DataError, TrainingError, cause_of
from dcrf.evaluation.evaluator import Evaluator
from dcrf.randomness import GlobalGenerators, RandomStreams, global_seed
from dcrf.reporting.records import (
    DatasetRecord,
    EvaluationRecord,
    Note,
    PhaseRecord,
    PhaseStart,
)
from dcrf.reporting.writers import Writer
from dcrf.training.checkpoints import Checkpoints, Place, Stateful
from dcrf.training.finite_checks import check_parameters
from dcrf.training.method import Method
from dcrf.training.phase import Phase, PhaseState, run_phase
from dcrf.training.plans import DatasetPlan
from dcrf.training.timing import Durations


@dataclass(frozen=True, slots=True)
class _Turn:
    """A data set whose turn it is, and what stays the same in all of its phases."""

    number: int
    plan: DatasetPlan
    source: DataSource
    method: Method
    evaluator: Evaluator


@dataclass(slots=True)
class Trainer:
    """Runs the plans of one method.

    checkpoints: where the run starts and what it leaves to go on from; None for neither.
    datasets, phases: what has been done so far, also when a later part fails.
    durations: seconds by `<data set>/<part>`, apart from the records, which are reproducible.
    """

    plans: Sequence[DatasetPlan]
    streams: RandomStreams
    writer: Writer
    checkpoints: Checkpoints | None = None
    datasets: list[DatasetRecord] = field(default_factory=list)
    phases: list[PhaseRecord] = field(default_factory=list)
    durations: Durations = field(default_factory=Durations)
    _digests: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        """Train and evaluate on every data set.

        Raises:
            TrainingError: a data set cannot be used, or training cannot go on; the message
                names data set and phase.
            KeyboardInterrupt: a signal has come, and what is needed to go on has been kept.
        """
        start = self.checkpoints.start if self.checkpoints else None
        first, method = self._first(start) if start else 0, None
        for number, plan in enumerate(self.plans[first:], first):
            with self._part(plan.name, "opening"):
                source = plan.open()
                if method is None or not plan.keeps_method:
                    method = self._maker(number)()
                evaluator = Evaluator(method.assignment, source.labels)
                turn = _Turn(number, plan, source, method, evaluator)
                if start:
                    self._restore(turn, start)
            self._run_dataset(turn, start)
            start = None

    def state_dict(self) -> dict[str, Any]:
        """Return what has been done so far, in plain values."""
        return {
            "datasets": [asdict(record) for record in self.datasets],
            "phases": [asdict(record) for record in self.phases],
            "durations": self.durations.state_dict(),
            "digests": dict(self._digests),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.datasets = [DatasetRecord(**record) for record in state["datasets"]]
        self.phases = [PhaseRecord(**record) for record in state["phases"]]
        self.durations.load_state_dict(state["durations"])
        self._digests = {**state["digests"]}

    def _first(self, start: Mapping[str, Any]) -> int:
        """Take over what has been done; return the number of the data set to go on with.

        Raises:
            DataError: the checkpoint is none of these plans.
        """
        try:
            self.load_state_dict(start["trainer"])
            dataset, phase = start["place"]["dataset"], start["place"]["phase"]
            fits = dataset in range(len(self.plans))
            if not fits or phase not in range(len(self.plans[dataset].phases) + 1):
                raise IndexError(f"there is no data set {dataset} with a phase {phase}")
        except (LookupError, TypeError, AttributeError) as error:
            raise DataError(f"the checkpoint is none of this method: {cause_of(error)}") from error
        return dataset

    def _maker(self, number: int) -> Callable[[], Method]:
        """Return what builds the method that is used on a data set."""
        while number > 0 and self.plans[number].keeps_method:
            number -= 1
        return self.plans[number].make_method

    def _restore(self, turn: _Turn, start: Mapping[str, Any]) -> None:
        """Take over what does not belong to a phase.

        Raises:
            DataError: the data are not those that the run began with.
        """
        before, now = self._digests[turn.plan.name], turn.source.digest()
        if before != now:
            changed = [f"{k} was {before[k]} and is {now[k]}" for k in now if before[k] != now[k]]
            raise DataError(f"other data than those the run began with: {'; '.join(changed)}")
        turn.method.load_state_dict(start["method"])
        turn.evaluator.load_state_dict(start["evaluator"])
        self.streams.load_state_dict(start["streams"])

    def _run_dataset(self, turn: _Turn, start: Mapping[str, Any] | None) -> None:
        plan, done = turn.plan, start["place"]["phase"] if start else 0
        for number, phase in enumerate(plan.phases[done:], done):
            with self._part(plan.name, phase.name):
                self.phases.append(self._run_phase(turn, number, start))
            self._keep(turn, number + 1)
            start = None
        with self._part(plan.name, "final evaluation"):
            data_pass = turn.method.pass_over(turn.source)
            self.datasets.append(self._final_evaluation(plan.name, turn.evaluator, data_pass))
            plan.finish(turn.method, turn.evaluator.clusters)

    def _run_phase(self, turn: _Turn, number: int, start: Mapping[str, Any] | None) -> PhaseRecord:
        plan, method = turn.plan.phases[number], turn.method
        self.writer.write(PhaseStart(turn.plan.name, plan.name, plan.max_iterations))
        data_pass = method.pass_over(turn.source)
        phase = self._begin(turn, number, data_pass, start)
        between_iterations = partial(self._between_iterations, turn, number, phase)
        between_iterations(phase.state)
        batches = turn.source.batches(phase.view_names, plan.name, phase.state.clock.iteration)
        cached = method.cached_modules()
        reason, state = run_phase(phase, batches, data_pass, cached, between_iterations)
        check_parameters(method)
        method.assignment.after_phase(plan.name, data_pass)
        clock, warnings = state.clock, tuple(state.warnings.values())
        place = turn.plan.name, plan.name, clock.iteration, clock.epoch
        record = PhaseRecord(*place, reason, warnings)
        self.writer.write(record)
        return record

    def _begin(
        self, turn: _Turn, number: int, data_pass: DatasetPass, start: Mapping[str, Any] | None
    ) -> Phase:
        """Make a phase, from its beginning or as a checkpoint has it."""
        plan, method = turn.plan.phases[number], turn.method
        goes_on = start is not None and "phase" in start
        if not goes_on:
            plan.prepare(method, data_pass)
        method.train()
        phase = plan.make(method, data_pass, turn.evaluator)
        if start is not None and goes_on:
            self._restore_phase(turn, phase, start)
        elif plan.loads_files:
            self._keep(turn, number, phase)
        return phase

    def _between_iterations(
        self, turn: _Turn, number: int, phase: Phase, state: PhaseState
    ) -> None:
        """Write a checkpoint where one is due."""
        if self.checkpoints and self.checkpoints.due(state.clock.iteration):
            check_parameters(turn.method)
            self._keep(turn, number, phase)

    def _restore_phase(self, turn: _Turn, phase: Phase, start: Mapping[str, Any]) -> None:
        """Take over the state of a phase that had begun, as the last thing before it goes on."""
        phase.load_state_dict(start["phase"])
        turn.evaluator.load_state_dict(start["evaluator"])
        self.streams.load_state_dict(start["streams"])
        GlobalGenerators().load_state_dict(start["generators"])
        where = f"{phase.name} on {turn.plan.name}"
        self.writer.write(Note(f"{where}  goes on after it {phase.state.clock.iteration}"))

    def _keep(self, turn: _Turn, number: int, phase: Phase | None = None) -> None:
        """Write a checkpoint, before the phase of this number or in it; stop if that is wanted."""
        if self.checkpoints is None:
            return
        if turn.plan.name not in self._digests:
            self._digests[turn.plan.name] = turn.source.digest()
        things: dict[str, Stateful] = {
            "trainer": self,
            "method": turn.method,
            "evaluator": turn.evaluator,
            "streams": self.streams,
        }
        if phase is not None:
            things |= {"phase": phase, "generators": GlobalGenerators()}
        self.checkpoints.keep(Place(turn.number, number, _words(turn.plan, number, phase)), things)
        self.checkpoints.stop.here()

    def _final_evaluation(
        self, dataset: str, evaluator: Evaluator, data_pass: DatasetPass
    ) -> DatasetRecord:
        evaluator.start_phase()
        if reason := evaluator.assignment.why_not_ready():
            self.writer.write(Note(f"{dataset}  has no final evaluation: {reason}"))
            return DatasetRecord(dataset, None, reason)
        found = evaluator.evaluate(data_pass)
        evaluation, warnings = found.record(), tuple(found.collapse.values())
        self.writer.write(EvaluationRecord(dataset, None, None, evaluation))
        for warning in warnings:
            self.writer.write(Note(f"{dataset}  final  warning: {warning}"))
        return DatasetRecord(dataset, evaluation, warnings=warnings)

    @contextmanager
    def _part(self, dataset: str, part: str) -> Iterator[None]:
        """Seed what knows only global generators, time the part, say where it was if it fails."""
        seed = self.streams.seed_for("layers", dataset, part)
        try:
            with self.durations.of(f"{dataset}/{part}"), global_seed(seed):
                yield
        except Exception as error:
            cause = cause_of(error).removeprefix(f"data set {dataset}: ")
            raise TrainingError(f"data set {dataset}, {part}: {cause}") from error


def _words(plan: DatasetPlan, number: int, phase: Phase | None) -> str:
    """Return where a run stands before the phase of this number, or in it."""
    if phase is not None:
        return f"{plan.name}, {phase.name}, after it {phase.state.clock.iteration}"
    return f"{plan.name}, after {plan.phases[number - 1].name}"
