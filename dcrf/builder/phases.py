"""Build a phase, and prepare a method for it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import DatasetPass, Place
from dcrf.builder.components import build_component, located
from dcrf.builder.method import build_classifiers
from dcrf.builder.metrics import build_metrics, requested_metrics
from dcrf.builder.open_dataset import make_evaluator, open_dataset
from dcrf.builder.optimizers import build_exit_criteria, build_optimizers
from dcrf.builder.problem_sources import open_problems
from dcrf.builder.run_context import RunContext
from dcrf.builder.schedules import build_schedule, schedules_of
from dcrf.config.method_config import (
    DatasetConfig,
    LoadConfig,
    Options,
    PatternConfig,
    PhaseConfig,
    SaveConfig,
)
from dcrf.config.rules.schema_errors import suggestion
from dcrf.errors import ConfigError, OptionError, Problem, TrainingError
from dcrf.schema.registry import DESIGN_PATTERNS, METRICS
from dcrf.training.epoch_clusters import AssignAll, EpochClusters
from dcrf.training.exit_criteria import Collapse, ExitCriterion, needs_labels
from dcrf.training.hooks import (
    AdvanceParts,
    Evaluate,
    Every,
    ReportLosses,
    ReportSchedules,
    ShowProgress,
)
from dcrf.training.interfaces import Evaluator
from dcrf.training.loss_means import AverageLoss, KeepLowestLoss, LossStopsFalling
from dcrf.training.method import Method
from dcrf.training.optimizers import LossRoute, OptimizerGroups
from dcrf.training.phase import Hook, PatternUse, Phase
from dcrf.training.problem_pictures import ShowProblems
from dcrf.training.validation import Validation, ValidationRule

LOWEST_LOSS = "lowest_loss"
"""The value of `keep` that restores the epoch with the lowest mean loss."""


@dataclass(frozen=True, slots=True)
class PhaseBuilder:
    """Prepares a method for a phase on a data set, and builds the phase."""

    run: RunContext
    dataset: DatasetConfig
    phase: PhaseConfig

    @property
    def loads_files(self) -> bool:
        """Whether `prepare` reads a file, which saving in the phase may replace."""
        parts = self.run.config.parts.values()
        return bool(self.phase.loads) or any(part.files for part in parts)

    @property
    def place(self) -> Place:
        """Data set and phase."""
        return Place(self.dataset.name, self.phase.name)

    def prepare(self, method: Method, data_pass: DatasetPass) -> None:
        """Load parameters, and initialize the parts that start with this phase."""
        for load in self.phase.loads:
            self.load(load, method)
        for lifecycle in method.lifecycles.values():
            lifecycle.before_phase(self.place, data_pass)

    def load(self, entry: LoadConfig, method: Method) -> None:
        """Load the parameters of one part."""
        self.run.files.load_part(method.parts[entry.part], entry.file)

    def make(self, method: Method, data_pass: DatasetPass, evaluator: Evaluator) -> Phase:
        """Make the phase for the method as it is now.

        Raises:
            TrainingError: the phase could not end on this data set.
        """
        patterns = {e.name: self._pattern(e, method) for e in self.phase.design_patterns}
        entries = {
            f"{entry.name}/{loss}": (entry, loss)
            for entry in self.phase.design_patterns
            for loss in patterns[entry.name].pattern.loss_names
        }
        routes = {
            name: LossRoute(build_schedule(_of(entry.weights, loss)), _of(entry.groups, loss))
            for name, (entry, loss) in entries.items()
        }
        intervals = {name: entry.loss_report_interval for name, (entry, _) in entries.items()}
        optimizers = build_optimizers(self.phase, method, routes, self.run.config.mappings)
        criteria = self._exit_criteria(evaluator, routes.keys())
        validations = self._validations(method)
        hooks = [criterion for criterion in criteria if isinstance(criterion, Hook)]
        others = self._hooks(method, optimizers, data_pass, evaluator, intervals, validations)
        others += [self._showing(entry, method) for entry in self.phase.problem_pictures]
        return Phase(
            self.phase.name,
            patterns,
            optimizers,
            [*criteria, *validations],
            [*hooks, *others],
            [method.part_or_layer(name) for name in self.phase.frozen_parts],
            EpochClusters(
                AssignAll(method.assignment, data_pass, self.run.writer, self.phase.name)
            ),
        )

    def _exit_criteria(self, evaluator: Evaluator, losses: Collection[str]) -> list[ExitCriterion]:
        criteria = build_exit_criteria(self.phase.exit_criteria)
        for criterion in criteria:
            if isinstance(criterion, LossStopsFalling) and criterion.name not in losses:
                path = f"{self.phase.path}.exit_criteria.loss.name"
                message = f"the phase has no loss called {criterion.name!r}"
                problem = Problem(path, message, suggestion(criterion.name, losses))
                raise ConfigError(self.run.config.source, [problem])
        if not evaluator.has_labels and all(map(needs_labels, criteria)):
            raise TrainingError("the phase would never end: its exit criteria need labels")
        return [*criteria, *([Collapse()] if self.phase.on_collapse == "stop" else [])]

    def _validations(self, method: Method) -> list[Validation]:
        """Open the validation data set, if there is one; return its evaluations."""
        entry = self.phase.validation
        if entry is None:
            return []
        dataset = self._dataset_called(entry["dataset"])
        source = open_dataset(self.run, dataset)
        rule = ValidationRule(
            interval=entry["interval"],
            metric=entry["metric"],
            larger_is_better=METRICS.schemas[entry["metric"]]["x-better"] == "larger",
            patience=entry.get("patience_iterations"),
            keep_best=entry["keep_best"],
        )
        evaluator = make_evaluator(self.run, method.assignment, source)
        place = Place(dataset.name, self.phase.name)
        data_pass = method.pass_over(source)
        return [Validation(rule, method, evaluator, data_pass, self.run.writer, place)]

    def _dataset_called(self, name: str) -> DatasetConfig:
        return next(entry for entry in self.run.config.datasets if entry.name == name)

    def _showing(self, entry: Options, method: Method) -> Hook:
        """Open a data set of clustering problems, to show some of them."""
        dataset = self._dataset_called(entry["dataset"])
        source = open_problems(dataset, self.run.streams, self.run.device, self.run.arrays)
        n_shown = min(entry["num_problems"], source.n_samples)
        return ShowProblems(
            interval=entry.get("interval"),
            indices=torch.arange(n_shown),
            partitions=source.labels()[:n_shown],
            assignment=cast(SetAssignment, method.assignment),
            metrics=build_metrics(requested_metrics(self.run.config)).of_labels,
            data_pass=method.pass_over(source),
            writer=self.run.writer,
            place=Place(dataset.name, self.phase.name),
        )

    def _pattern(self, entry: PatternConfig, method: Method) -> PatternUse:
        n_clusters, named = self.dataset.num_clusters, entry.classifier_name
        classifiers = build_classifiers(self.run.config, method.mappings, n_clusters)
        purpose = ("pattern", self.dataset.name, self.phase.name, entry.name)
        with located(entry.path, self.run.config.source), self._naming_option(entry.path):
            pattern = build_component(
                DESIGN_PATTERNS,
                entry.stem,
                entry.options,
                {"mapping": method.mappings, "feature_extractor": method.mappings},
                {
                    "assignment": classifiers[named] if named else method.assignment,
                    "method_assignment": method.assignment,
                    **method.shared,
                    "features": method.features,
                    "n_clusters": n_clusters,
                    "generator": self.run.streams.checkpointed_generator(*purpose),
                },
            )
        learns_from_targets = DESIGN_PATTERNS.schemas[entry.stem].get("x-batch") == "targets"
        return PatternUse(pattern, entry.views, learns_from_targets)

    @contextmanager
    def _naming_option(self, path: str) -> Iterator[None]:
        """Report an option of the entry at `path` that cannot be used at its key."""
        try:
            yield
        except OptionError as error:
            problem = Problem(f"{path}.{error.key}", str(error))
            raise ConfigError(self.run.config.source, [problem]) from error

    def _hooks(
        self,
        method: Method,
        optimizers: OptimizerGroups,
        data_pass: DatasetPass,
        evaluator: Evaluator,
        intervals: Mapping[str, int],
        validations: Sequence[Validation],
    ) -> list[Hook]:
        writer, place = self.run.writer, self.place
        frozen = self.phase.frozen_parts
        moving = [life for name, life in method.lifecycles.items() if name not in frozen]
        average = AverageLoss(optimizers)
        hooks: list[Hook] = [AdvanceParts(moving, place, data_pass), average]
        if self.phase.keep == LOWEST_LOSS:
            hooks.append(KeepLowestLoss(method, average, writer, place))
        if interval := self.phase.performance_evaluation_interval:
            hooks.append(Evaluate(interval, evaluator, data_pass, writer, place))
        hooks += validations
        hooks.append(ReportLosses(intervals, writer, place))
        if schedules := schedules_of(self.phase):
            hooks.append(ReportSchedules(schedules, intervals.values(), writer, place))
        hooks += [self._saving(entry, method) for entry in self.phase.saves]
        hooks += self.run.files.hooks(place, method, data_pass)
        return [*hooks, ShowProgress(writer)]

    def _saving(self, entry: SaveConfig, method: Method) -> Hook:
        file = self.run.files.file_to_save(entry, self.dataset.name)

        def save() -> None:
            self.run.files.save_part(method.tensors_of(entry.part), file)

        keeps_another = self.phase.keep == LOWEST_LOSS or self.phase.validation is not None
        return Every(entry.interval, save, also_at_the_end=True, even_if_just_done=keeps_another)


def _of(table: Mapping[str, Any], loss: str) -> Any:
    """Return the entry of a loss, or that of all losses of its pattern."""
    return table[loss] if loss in table else table["*"]
