"""Run a method: data set by data set, phase by phase."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from dcrf.batch import Sweep
from dcrf.data.data_source import DataSource
from dcrf.errors import TrainingError, cause_of
from dcrf.evaluation.evaluator import Evaluator, Labels
from dcrf.reporting.records import (
    DatasetRecord,
    EvaluationRecord,
    Note,
    PhaseRecord,
    PhaseStart,
)
from dcrf.reporting.writers import Writer
from dcrf.streams import Streams, global_seed
from dcrf.training.method import Method
from dcrf.training.phase import Phase, run_phase


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A phase of a data set, to be made when its turn comes.

    prepare: loads parameters, initialises centroids.
    make: builds patterns, optimizers and hooks for the method as it is then.
    max_iterations: None where the end is open.
    """

    name: str
    prepare: Callable[[Method, Sweep], None]
    make: Callable[[Method, Sweep, Evaluator], Phase]
    max_iterations: int | None


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """A data set of a method, to be opened when its turn comes.

    make_method: builds the method anew.
    keeps_method: goes on with the method of the data set before, where there is one.
    finish: saves what is to be kept of the method, and the clusters (n,) if there are any.
    """

    name: str
    open: Callable[[], DataSource]
    make_method: Callable[[], Method]
    keeps_method: bool
    phases: Sequence[PhasePlan]
    finish: Callable[[Method, Labels | None], None]


@dataclass(slots=True)
class Trainer:
    """Runs the plans of one method.

    datasets, phases: what has been done so far, also when a later part fails.
    durations: seconds by `<data set>/<part>`, apart from the records, which are reproducible.
    """

    plans: Sequence[DatasetPlan]
    streams: Streams
    writer: Writer
    datasets: list[DatasetRecord] = field(default_factory=list)
    phases: list[PhaseRecord] = field(default_factory=list)
    durations: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Train and evaluate on every data set.

        Raises:
            TrainingError: a data set cannot be used, or training cannot go on; the message
                names data set and phase.
        """
        method = None
        for plan in self.plans:
            with self._part(plan.name, "opening"):
                source = plan.open()
                if method is None or not plan.keeps_method:
                    method = plan.make_method()
            self._run_dataset(plan, source, method)

    def _run_dataset(self, plan: DatasetPlan, source: DataSource, method: Method) -> None:
        evaluator = Evaluator(method.assignment, source.labels)
        for phase in plan.phases:
            with self._part(plan.name, phase.name):
                self.phases.append(self._run_phase(plan.name, phase, source, method, evaluator))
        with self._part(plan.name, "final evaluation"):
            sweep = method.sweep_over(source)
            self.datasets.append(self._final_evaluation(plan.name, evaluator, sweep))
            plan.finish(method, evaluator.clusters)

    def _run_phase(
        self,
        dataset: str,
        plan: PhasePlan,
        source: DataSource,
        method: Method,
        evaluator: Evaluator,
    ) -> PhaseRecord:
        self.writer.write(PhaseStart(dataset, plan.name, plan.max_iterations))
        sweep = method.sweep_over(source)
        plan.prepare(method, sweep)
        method.train()
        phase = plan.make(method, sweep, evaluator)
        batches = source.batches(phase.view_names, plan.name)
        reason, state = run_phase(phase, batches, sweep, method.shared_modules())
        method.assignment.after_phase(plan.name, sweep)
        clock = state.clock
        record = PhaseRecord(dataset, plan.name, clock.iteration, clock.epoch, reason)
        self.writer.write(record)
        return record

    def _final_evaluation(self, dataset: str, evaluator: Evaluator, sweep: Sweep) -> DatasetRecord:
        evaluator.start_phase()
        if reason := evaluator.assignment.missing():
            self.writer.write(Note(f"{dataset}  has no final evaluation: {reason}"))
            return DatasetRecord(dataset, None, reason)
        evaluation = asdict(evaluator.evaluate(sweep))
        self.writer.write(EvaluationRecord(dataset, None, None, evaluation))
        return DatasetRecord(dataset, evaluation)

    @contextmanager
    def _part(self, dataset: str, part: str) -> Iterator[None]:
        """Seed what knows only global generators, time the part, say where it was if it fails."""
        start = time.perf_counter()
        try:
            with global_seed(self.streams.seed_of("layers", dataset, part)):
                yield
        except Exception as error:
            cause = cause_of(error).removeprefix(f"data set {dataset}: ")
            raise TrainingError(f"data set {dataset}, {part}: {cause}") from error
        finally:
            self.durations[f"{dataset}/{part}"] = time.perf_counter() - start
