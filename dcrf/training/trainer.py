"""Run a method: data set by data set, phase by phase."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from dcrf.batch import DatasetPass, Place
from dcrf.errors import ClusteringError, TrainingError, cause_of, counted
from dcrf.parallel.replicas import check_equal, share_state
from dcrf.randomness import GlobalGenerators, RandomStreams, global_seed
from dcrf.reporting.records import (
    DatasetRecord,
    EvaluationRecord,
    Note,
    PhaseRecord,
    PhaseStart,
    PlannedPhase,
    ReclusteringRecord,
    RunPlan,
)
from dcrf.reporting.writers import Writer
from dcrf.training.checkpoints import (
    AgreedCheckpoints,
    Checkpoints,
    NoCheckpoints,
    Position,
    Stateful,
)
from dcrf.training.finite_checks import check_parameters
from dcrf.training.freezing import frozen
from dcrf.training.history import RunHistory
from dcrf.training.method import Method
from dcrf.training.phase import Phase, PhaseState, run_phase
from dcrf.training.plans import DatasetPlan
from dcrf.training.session import DatasetSession
from dcrf.training.start import FRESH, Start


@dataclass(slots=True)
class Trainer:
    """Runs the plans of one method.

    end: the data set and the phase, both from 0, before which the run stops; None for its end.
    history: the results so far, also after a failure.
    stopped_before: the phase that would follow, in words, once the run has stopped there.
    """

    plans: Sequence[DatasetPlan]
    streams: RandomStreams
    writer: Writer
    checkpoints: Checkpoints | AgreedCheckpoints | NoCheckpoints = field(
        default_factory=NoCheckpoints
    )
    end: tuple[int, int] | None = None
    history: RunHistory = field(default_factory=RunHistory)
    stopped_before: str | None = None

    def run(self, start: Start = FRESH) -> None:
        """Train and evaluate on every data set, or until `end`.

        A run that stops within a data set saves its parameters, and evaluates nothing.

        Raises:
            DataError: `start` is a checkpoint of another method.
            TrainingError: a data set or a phase fails; the message names both.
            KeyboardInterrupt: a signal has requested a stop, and a checkpoint is written.
        """
        start.restore_history(self.history, self.plans)
        self.writer.write(RunPlan(self._planned_phases()))
        method: Method | None = None
        for number, plan in enumerate(self.plans[start.dataset :], start.dataset):
            if self._stops_before(number, 0):
                return
            with self._part(plan.name, "opening"):
                session = self._open(number, method)
                start.restore_session(session, self.streams)
            for phase_number, phase in enumerate(plan.phases[start.phase :], start.phase):
                if self._stops_before(number, phase_number):
                    with self._part(plan.name, "saving"):
                        plan.finish(session.method, None, session.source)
                    return
                with self._part(plan.name, phase.name):
                    self._run_phase(session, phase_number, start)
                words = f"{plan.name}, after {phase.name}"
                position = Position(number, phase_number + 1, words)
                self.checkpoints.write(position, self._states(session))
                start = FRESH
            with self._part(plan.name, "final evaluation"):
                self._finish(session)
            method, start = session.method, FRESH

    def _planned_phases(self) -> tuple[PlannedPhase, ...]:
        """Return the phases of the run in their order, up to its end."""
        return tuple(
            PlannedPhase(
                plan.name,
                phase.name,
                phase.max_iterations,
                phase.epochs,
                phase.may_end_earlier,
            )
            for number, plan in enumerate(self.plans)
            for phase_number, phase in enumerate(plan.phases)
            if self.end is None or (number, phase_number) < self.end
        )

    def _stops_before(self, dataset: int, phase: int) -> bool:
        """Whether the run stops before a phase, which is then noted."""
        if self.end is None or (dataset, phase) < self.end:
            return False
        plan = self.plans[dataset]
        self.stopped_before = f"{plan.phases[phase].name} on {plan.name}"
        return True

    def _open(self, number: int, method: Method | None) -> DatasetSession:
        """Open a data set, for the method of the one before if it is kept."""
        plan = self.plans[number]
        source = plan.open()
        for note in source.notes:
            self.writer.write(Note(f"{plan.name}  {note}"))
        if method is None or not plan.keeps_method:
            method = self._maker_of_method(number).make_method()
        evaluator = plan.make_evaluator(method, source)
        for note in evaluator.notes:
            self.writer.write(Note(f"{plan.name}  {note}"))
        reclusterings = plan.make_reclustering_evaluators(method, source)
        return DatasetSession(number, plan, source, method, evaluator, reclusterings)

    def _maker_of_method(self, number: int) -> DatasetPlan:
        """Return the plan of the data set whose method is used on a data set."""
        while number > 0 and self.plans[number].keeps_method:
            number -= 1
        return self.plans[number]

    def _run_phase(self, session: DatasetSession, number: int, start: Start) -> None:
        plan, method = session.plan.phases[number], session.method
        self.writer.write(PhaseStart(session.plan.name, plan.name, plan.max_iterations))
        data_pass = method.pass_over(session.source)
        start.prepare_phase(plan, session, data_pass)
        share_state(method)
        method.train()
        phase = plan.make(method, data_pass, session.evaluator)
        start.restore_phase(phase, session, self.streams)
        between_iterations = partial(self._between_iterations, session, number, phase)
        between_iterations(phase.state)
        done = phase.state.clock.iteration
        batches = session.source.batches(phase.view_names, plan.name, done, phase.epoch_clusters)
        cached, source = method.cached_modules(), session.source
        with frozen(phase.frozen):
            reason = run_phase(
                phase,
                batches,
                data_pass,
                cached,
                between_iterations,
                partial(self._before_end, session, number, phase),
                source.companions,
                source.side_targets,
            )
        check_parameters(method)
        for lifecycle in method.lifecycles.values():
            lifecycle.after_phase(Place(session.plan.name, plan.name), data_pass)
        clock, warnings = phase.state.clock, tuple(phase.state.warnings.values())
        position = session.plan.name, plan.name, clock.iteration, clock.epoch
        record = PhaseRecord(*position, reason, warnings, phase.state.loss)
        self.writer.write(record)
        self.history.phases.append(record)
        self._recluster(session, Place(session.plan.name, plan.name), data_pass)
        session.plan.finish_phase(plan.name, method, source)

    def _recluster(self, session: DatasetSession, place: Place, data_pass: DatasetPass) -> None:
        """Fit and evaluate the reclusterings that are due. One that fails does not end the run."""
        for name, evaluator in session.reclustering_evaluators.items():
            reclustering = session.method.reclusterings[name]
            if not reclustering.is_due(place):
                continue
            try:
                reclustering.after_phase(place, data_pass)
            except ClusteringError as error:
                self.writer.write(Note(f"{place.phase}  reclustering {name} is left out: {error}"))
                continue
            evaluation = evaluator.evaluate(data_pass)
            record = ReclusteringRecord(*place, name, evaluation.record())
            self.writer.write(record)
            self.history.reclusterings.append(record)
            session.plan.save_clusters(name, evaluator.clusters, session.source.facts.ids)

    def _between_iterations(
        self, session: DatasetSession, number: int, phase: Phase, state: PhaseState
    ) -> None:
        """Write a checkpoint if one is due."""
        iteration = state.clock.iteration
        # files that the phase has loaded may change while it runs
        has_just_loaded = iteration == 0 and session.plan.phases[number].loads_files
        if has_just_loaded or self.checkpoints.is_due(iteration):
            self._write_within(session, number, phase)

    def _before_end(
        self, session: DatasetSession, number: int, phase: Phase, state: PhaseState
    ) -> None:
        """Write a checkpoint from which the phase can continue beyond its end, if one is kept."""
        if self.checkpoints.keeps_ends:
            self._write_within(session, number, phase)

    def _write_within(self, session: DatasetSession, number: int, phase: Phase) -> None:
        """Write a checkpoint within a phase."""
        check_parameters(session.method)
        check_equal(session.method)
        iteration = phase.state.clock.iteration
        words = f"{session.plan.name}, {phase.name}, after it {iteration}"
        states: dict[str, Stateful] = {
            "phase": phase,
            "evaluator": session.evaluator,
            "generators": GlobalGenerators(),
        }
        position = Position(session.number, number, words)
        self.checkpoints.write(position, {**self._states(session), **states})

    def _states(self, session: DatasetSession) -> dict[str, Stateful]:
        """Return the objects whose states every checkpoint contains."""
        return {"history": self.history, "session": session, "streams": self.streams}

    def _finish(self, session: DatasetSession) -> None:
        """Evaluate the trained method and save its results."""
        self.history.datasets.append(self._final_evaluation(session))
        session.plan.finish(session.method, session.evaluator.clusters, session.source)

    def _final_evaluation(self, session: DatasetSession) -> DatasetRecord:
        dataset, evaluator = session.plan.name, session.evaluator
        evaluator.start_phase()
        others = tuple(r for r in self.history.reclusterings if r.dataset == dataset)
        provenance = tuple(session.source.facts.provenance)
        if reason := evaluator.why_not_ready():
            self.writer.write(Note(f"{dataset}  has no final evaluation: {reason}"))
            return DatasetRecord(dataset, None, reason, reclusterings=others, provenance=provenance)
        evaluation = evaluator.evaluate(session.method.pass_over(session.source))
        values, warnings = evaluation.record(), tuple(evaluation.collapse.values())
        self.writer.write(EvaluationRecord(dataset, None, None, values))
        found = len(evaluation.cluster_sizes)
        if found != session.plan.n_clusters and not evaluation.deviations:
            self.writer.write(Note(f"{dataset}  final  {counted(found, 'cluster')} found"))
        for warning in warnings:
            self.writer.write(Note(f"{dataset}  final  warning: {warning}"))
        return DatasetRecord(
            dataset, values, warnings=warnings, reclusterings=others, provenance=provenance
        )

    @contextmanager
    def _part(self, dataset: str, part: str) -> Iterator[None]:
        """Seed torch's global generators, time the part, and name it in errors."""
        seed = self.streams.seed_for("layers", dataset, part)
        try:
            with self.history.durations.of(f"{dataset}/{part}"), global_seed(seed):
                yield
        except Exception as error:
            cause = cause_of(error).removeprefix(f"data set {dataset}: ")
            raise TrainingError(f"data set {dataset}, {part}: {cause}") from error
