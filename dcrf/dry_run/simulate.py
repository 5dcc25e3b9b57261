"""Run a method as training will, on torch's meta device: shapes without values."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.builder.metrics import build_metrics, requested_metrics
from dcrf.builder.phases import PhaseBuilder
from dcrf.builder.run_context import RunContext
from dcrf.config.method_config import (
    DatasetConfig,
    MethodConfig,
    Options,
    PhaseConfig,
    SaveConfig,
)
from dcrf.data.batch_order import Loading
from dcrf.dry_run.attribution import ErrorCollector
from dcrf.dry_run.expected_data import ExpectedData, Shapes
from dcrf.dry_run.meta_stand_ins import META, MetaMethod, MetaSource, build_on_meta
from dcrf.dry_run.module_trace import ModuleTrace, names_of
from dcrf.dry_run.optimizers import epoch_length, phase_steps
from dcrf.dry_run.saved_parameters import PredictedFiles
from dcrf.dry_run.size_limits import size_problems
from dcrf.errors import ClusteringError, ConfigError, OptionError, Problem, TooFewSamplesError
from dcrf.evaluation.evaluator import Evaluator
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writers
from dcrf.schema.registry import METRICS
from dcrf.training.phase import PatternUse, Phase


def simulate(
    config: MethodConfig,
    data: Sequence[ExpectedData],
    on_build: Callable[[MetaMethod], object] | None = None,
) -> list[Problem]:
    """Return the problems that shapes and numbers of samples cause in a run.

    Args:
        config: of a method whose parts can all be built.
        data: the expected data of each data set. A data set of unknown sample shape is skipped,
            and so are those that train its method further.
        on_build: is told of every method before it runs.
    """
    config = replace(config, precision="fp32", compile=False)
    files = PredictedFiles(config)
    problems: list[Problem] = []
    method: MetaMethod | None = None
    is_known = True
    by_name = {entry.name: (entry, e) for entry, e in zip(config.datasets, data, strict=True)}
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run gives the same ones
        for dataset, expected in zip(config.datasets, data, strict=True):
            if method is None or dataset.reinitialize_mappings:
                method, is_known = build_on_meta(config, dataset, files), True
                if on_build is not None:
                    on_build(method)
            is_known = is_known and expected.shapes is not None
            if not is_known or expected.shapes is None:
                files.skip(dataset)
                continue
            simulation = _Simulation(
                config, dataset, expected, expected.shapes, method, files, by_name
            )
            problems += simulation.run()
            sized = {entry.path: method.method.mappings[entry.name] for entry in config.mappings}
            problems += size_problems(sized)  # lazy layers have a size by now
    return problems


class _Simulation:
    """The simulation of a method on one data set.

    Args:
        config: of the method.
        dataset: its data set.
        expected: the expected data.
        shapes: of its views.
        method: on the meta device, in the state that earlier data sets have left.
        files: that the method has saved.
        by_name: name -> each data set and what is expected of it.
    """

    def __init__(
        self,
        config: MethodConfig,
        dataset: DatasetConfig,
        expected: ExpectedData,
        shapes: Shapes,
        method: MetaMethod,
        files: PredictedFiles,
        by_name: Mapping[str, tuple[DatasetConfig, ExpectedData]],
    ) -> None:
        self.config, self.dataset, self.files = config, dataset, files
        self.by_name = by_name
        self.method, self.places = method.method, method.places
        self.has_labels = expected.has_labels
        self.metrics = build_metrics(requested_metrics(config))
        self.trace = ModuleTrace(self.places, names_of(config, self.places))
        self.errors = ErrorCollector(self.trace)
        self.source = self._source(dataset, expected, shapes)

    def run(self) -> list[Problem]:
        """Run all phases and the final evaluation; return the problems."""
        context = RunContext(self.config, RandomStreams(0), META.type, Writers([]), self.files)
        with self.trace.tracing():
            for entry in self.config.phases_on(self.dataset):
                # they would open their data sets
                phase = replace(entry, validation=None, problem_pictures=())
                self._run_phase(PhaseBuilder(context, self.dataset, phase), phase)
                if entry.validation is not None:
                    self._validate(f"{entry.path}.validation", entry.validation)
            self._evaluate(self.source, has_labels=self.has_labels)
        for mapping in self.method.mappings:
            self._check_sizes(mapping, None, "it never runs")
        return self.errors.problems

    def _source(self, dataset: DatasetConfig, expected: ExpectedData, shapes: Shapes) -> MetaSource:
        return MetaSource(
            shapes,
            expected.n_samples,
            Loading(dataset.batch_size, drop_last=dataset.drop_last),
            self.method,
            self.trace,
            expected.targets,
            expected.has_problems,
        )

    def _run_phase(self, builder: PhaseBuilder, entry: PhaseConfig) -> None:
        self._prepare(builder, entry)
        self.method.train()
        labels = np.zeros(1, np.int64) if self.has_labels else None
        evaluator = Evaluator(self.method.assignment, lambda: labels, self.metrics)
        if (phase := self._build(builder, evaluator)) is not None:
            self._train(phase, entry)
            self._recalculate(builder, entry)
        if entry.performance_evaluation_interval:
            self._evaluate(self.source, has_labels=self.has_labels)
        for lifecycle in self.method.lifecycles.values():
            with self.errors.at(self.config.strategy.path), self._clustering():
                lifecycle.after_phase(builder.place, self._clustering_pass())
        for reclustering in self.config.reclusterings:
            with self.errors.at(f"{reclustering.path}.clustering"), self._clustering():
                clusters = self.method.reclusterings[reclustering.name]
                clusters.after_phase(builder.place, self._clustering_pass())
        for save in entry.saves:
            self._check_save(save)
        self.files.save(entry, self.dataset.name, self.method)

    def _prepare(self, builder: PhaseBuilder, entry: PhaseConfig) -> None:
        """Load parameters and initialize the parts that start with the phase."""
        for load in entry.loads:
            with self.errors.at(f"{load.path}.path_to_file"):
                builder.load(load, self.method)
        self.errors.only_in_layers = False
        for name, part in self.config.parts.items():
            lifecycle = self.method.lifecycles[name]
            with self.errors.at(part.initialization_path), self._clustering():
                lifecycle.before_phase(builder.place, self._clustering_pass())
            if entry.name in part.phases and lifecycle.why_not_ready():
                self.errors.only_in_layers = True

    @contextmanager
    def _clustering(self) -> Iterator[None]:
        """Report too few samples for the clusters at the number of clusters.

        If the number of samples is unknown, clusterings get another one, so their errors of size
        do not count.
        """
        try:
            yield
        except ClusteringError:
            if self.source.n_samples is not None:
                raise
        except TooFewSamplesError as error:
            path = f"{self.dataset.path}.num_clusters"
            raise ConfigError("", [Problem(path, str(error))]) from error

    @contextmanager
    def _options(self, path: str) -> Iterator[None]:
        """Report an option of the entry at `path` that does not fit the data at its key.

        The number of samples may be unknown; then nothing is known to be too large for it.
        """
        try:
            yield
        except OptionError as error:
            if self.source.n_samples is not None:
                problem = Problem(f"{path}.{error.key}", str(error))
                raise ConfigError("", [problem]) from error

    def _clustering_pass(self) -> DatasetPass:
        return self.source.clustering_pass(self.dataset.num_clusters)

    def _build(self, builder: PhaseBuilder, evaluator: Evaluator) -> Phase | None:
        """Return the phase, without optimizers if they cannot be built, None if it cannot."""
        without = replace(builder.phase, optimizers=(), schedulers=(), optimizer_cycle=())
        for entry in (builder.phase, without):
            with self.errors.at(f"{entry.path}.exit_criteria"):
                builder = replace(builder, phase=entry)
                return builder.make(self.method, self.source.data_pass(), evaluator)
        return None

    def _train(self, phase: Phase, entry: PhaseConfig) -> None:
        """Run each pattern at the start of each of its stages, on batches of each size."""
        last = entry.exit_criteria.get("iterations")
        uses = zip(entry.design_patterns, phase.patterns.values(), strict=True)
        starts = [
            (iteration, pattern.path, use)
            for pattern, use in uses
            for iteration in use.pattern.stage_starts()
            if last is None or iteration <= last
        ]
        for iteration, path, use in sorted(starts, key=lambda start: start[0]):
            for save in entry.saves:
                if save.interval is not None and save.interval < iteration:
                    self._check_save(save)
            with self.errors.at(path), self._options(path):
                clock = Clock(1, iteration)
                use.pattern.before_iteration(clock, self.source.data_pass())
                for size in self.source.batch_sizes():
                    self._run_iteration(use, clock, size)
                with torch.no_grad():
                    use.pattern.after_epoch(clock, self.source.data_pass())

    def _recalculate(self, builder: PhaseBuilder, entry: PhaseConfig) -> None:
        """Let parts that change while the phase trains do so once."""
        length = epoch_length(self.dataset, self.source.n_samples)
        last = phase_steps(entry, length).get("iteration", 0)
        for name, part in self.config.parts.items():
            lifecycle = self.method.lifecycles[name]
            lifecycle.start_phase(builder.place)
            first = lifecycle.first_change()
            if first is not None and first <= last and not lifecycle.why_not_ready():
                with self.errors.at(part.initialization_path), self._clustering():
                    lifecycle.after_iteration(Clock(1, first), self._clustering_pass())

    def _run_iteration(self, use: PatternUse, clock: Clock, size: int) -> None:
        batch = self.source.batch(size)
        companions = use.companions_for(batch, clock, self.source.companions, "")
        targets = use.targets_for(batch, self.source.side_targets)
        batch = use.batch_for(batch, companions, targets)
        self._compute_gradients(use.pattern(batch))
        with torch.no_grad():
            use.pattern.after_step(clock, batch)

    def _compute_gradients(self, losses: Mapping[str, Tensor]) -> None:
        trained = [loss for loss in losses.values() if loss.requires_grad]
        if trained:
            own = [p for p in self.method.parameters() if p.requires_grad and not is_lazy(p)]
            torch.autograd.grad(torch.stack(trained).sum(), own, allow_unused=True)

    def _validate(self, path: str, entry: Options) -> None:
        """Assign the samples of a validation data set, which has the labels that its metric needs.

        Args:
            path: of the entry.
            entry: `validation` of a phase.
        """
        dataset, expected = self.by_name[entry["dataset"]]
        if METRICS.schemas[entry["metric"]]["x-needs"] == ["labels"] and not expected.has_labels:
            text = f"{entry['metric']} needs labels, but {dataset.name!r} has none"
            self.errors.add(Problem(f"{path}.metric", text, "name a metric without labels"))
        if expected.shapes is None or self.errors.problems:
            return
        source = self._source(dataset, expected, expected.shapes)
        self._evaluate(source, has_labels=expected.has_labels)
        self.errors.problems[:] = [
            replace(problem, found=f"on {dataset.name!r} of {path}: {problem.found}")
            for problem in self.errors.problems
        ]

    def _evaluate(self, source: MetaSource, *, has_labels: bool) -> None:
        """Assign the samples, and compute features if metrics need them."""
        assignment = self.method.assignment
        if assignment.why_not_ready():
            return
        functions = [_assigned(a) for a in (assignment, *assignment.candidates().values())]
        if self.metrics.of_features(has_labels=has_labels):
            functions.append(lambda batch: assignment.features(batch.samples))
        for function in functions:
            with self.errors.at(self.config.strategy.path):
                source.data_pass()(function)

    def _check_save(self, save: SaveConfig) -> None:
        if save.part in self.method.mappings:
            self._check_sizes(save.part, save.path, "it has not run by then")

    def _check_sizes(self, mapping: str, path: str | None, reason: str) -> None:
        """Report a lazy layer without a size in a mapping that is to be saved.

        Args:
            mapping: its name.
            path: of the problem, None for the path of the layer.
            reason: why the layer has no size.
        """
        if self.errors.problems or self.errors.is_cut:
            return
        for layer in self.method.mappings[mapping].modules():
            if layer in self.places and any(map(is_lazy, layer.parameters(recurse=False))):
                kind = type(layer).__name__
                text = f"mapping {mapping!r} cannot be saved: {reason}, so {kind} has no size"
                remedy = f"write {kind.removeprefix('Lazy')!r} with its sizes, or use the mapping"
                self.errors.add(Problem(path or self.places[layer], text, remedy))
                return


def _assigned(assignment: Assignment) -> Callable[[Batch], Tensor]:
    return lambda batch: assignment(batch.samples)
