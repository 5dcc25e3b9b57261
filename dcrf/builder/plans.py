"""From configuration to the plans that the trainer follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dcrf.assignment.centroids import CentroidStart
from dcrf.batch import Sweep
from dcrf.builder.components import build_component
from dcrf.builder.data import open_source
from dcrf.builder.method import build_classifiers, build_method
from dcrf.builder.optimizers import build_exit_criteria, build_optimizers
from dcrf.config.model import (
    CentroidsConfig,
    DatasetConfig,
    MethodConfig,
    PatternConfig,
    PhaseConfig,
    SaveConfig,
)
from dcrf.config.saved_names import clean_name, saved_file, with_seed
from dcrf.errors import TrainingError
from dcrf.evaluation.evaluator import Evaluator, Labels
from dcrf.files import write_atomically
from dcrf.registry import DESIGN_PATTERNS
from dcrf.reporting.writers import Writer
from dcrf.streams import Streams, draw_seed
from dcrf.tensor_files import save_tensors
from dcrf.training.exit_criteria import needs_labels
from dcrf.training.hooks import AdvanceAssignment, Evaluate, Every, ReportLosses, ShowProgress
from dcrf.training.method import Method
from dcrf.training.optimizers import LossRoute
from dcrf.training.parameter_files import load_mapping, mapping_tensors, unused
from dcrf.training.phase import Hook, PatternUse, Phase
from dcrf.training.trainer import DatasetPlan, PhasePlan


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a method.

    device: a torch device name.
    folder: where the results go.
    seed_in_names: the seed, where files of several seeds must not meet; else None.
    kept_apart: file that another run had written -> the one that this run writes instead.
    """

    config: MethodConfig
    streams: Streams
    device: str
    writer: Writer
    folder: Path
    seed_in_names: int | None = None
    kept_apart: dict[Path, Path] = field(default_factory=dict)

    def file(self, target: Path, dataset: str, part: str) -> Path:
        """Return the file for a part of the method, trained on a data set."""
        return saved_file(target, self.config.name, dataset, part, self.seed_in_names)

    def file_to_save(self, entry: SaveConfig, dataset: str) -> Path:
        """Return the file that an entry saves to, the same one throughout the run."""
        file = self.file(entry.target, dataset, entry.mapping_name or "centroids")
        return self.kept_apart.setdefault(file, unused(file)) if entry.keep_old_files else file

    def found(self, file: Path) -> Path:
        """Return the file to load: where there are several seeds, rather this seed's own."""
        own = file if self.seed_in_names is None else with_seed(file, self.seed_in_names)
        own = self.kept_apart.get(own, own)
        return own if own.exists() else file


def build_plans(run: Run) -> list[DatasetPlan]:
    """Make the plans of all data sets. Nothing is opened or built before its turn."""
    return [_dataset_plan(run, dataset) for dataset in run.config.datasets]


def _dataset_plan(run: Run, dataset: DatasetConfig) -> DatasetPlan:
    phases = [phase for phase in run.config.phases if phase.name in dataset.phases]
    return DatasetPlan(
        name=dataset.name,
        open=partial(open_source, dataset, run.streams, run.device),
        make_method=lambda: build_method(run.config, dataset.num_clusters, run.streams).to(
            run.device
        ),
        keeps_method=not dataset.reinitialize_mappings,
        phases=[_phase_plan(run, dataset, phase) for phase in phases],
        finish=partial(_save_results, run, dataset.name),
    )


def _phase_plan(run: Run, dataset: DatasetConfig, phase: PhaseConfig) -> PhasePlan:
    return PhasePlan(
        name=phase.name,
        prepare=partial(_prepare, run, dataset, phase),
        make=partial(_build_phase, run, dataset, phase),
        max_iterations=phase.exit_criteria.get("iterations"),
    )


def _prepare(
    run: Run, dataset: DatasetConfig, phase: PhaseConfig, method: Method, sweep: Sweep
) -> None:
    for load in phase.loads:
        load_mapping(method.mappings[load.mapping_name], run.found(load.file))
    entry = run.config.centroids
    if entry is None or phase.name not in entry.phases or method.centroids.are_initialised:
        return
    file = run.found(entry.file) if entry.file else Path()
    start = CentroidStart(entry.initialization, entry.initialization_num_restarts, file)
    generator = run.streams.generator("centroids", dataset.name)
    features = _features(entry, method, sweep)
    method.centroids.assign(start(features, dataset.num_clusters, generator))


def _features(entry: CentroidsConfig, method: Method, sweep: Sweep) -> Any:
    extractor = method.mappings[entry.feature_extractor_name]
    return sweep(lambda batch: extractor(batch.samples).flatten(1))


def _build_phase(
    run: Run,
    dataset: DatasetConfig,
    phase: PhaseConfig,
    method: Method,
    sweep: Sweep,
    evaluator: Evaluator,
) -> Phase:
    criteria = build_exit_criteria(phase.exit_criteria)
    if not evaluator.has_labels and all(needs_labels(criterion) for criterion in criteria):
        raise TrainingError("the phase would never end: its exit criteria need labels")
    patterns = {e.name: _pattern_use(run, dataset, phase, method, e) for e in phase.design_patterns}
    routes = {
        f"{entry.name}/{loss}": LossRoute(_of(entry.weights, loss), _of(entry.groups, loss))
        for entry in phase.design_patterns
        for loss in patterns[entry.name].pattern.loss_names
    }
    intervals = {
        f"{entry.name}/{loss}": entry.loss_report_interval
        for entry in phase.design_patterns
        for loss in patterns[entry.name].pattern.loss_names
    }
    place = (dataset.name, phase.name)
    hooks = _recalculations(run, dataset, phase, method, sweep)
    hooks.append(AdvanceAssignment(method.assignment))
    if interval := phase.performance_evaluation_interval:
        hooks.append(Evaluate(interval, evaluator, sweep, run.writer, place))
    hooks.append(ReportLosses(intervals, run.writer, place))
    hooks += [_saving(run, dataset.name, method, save) for save in phase.saves]
    hooks.append(ShowProgress(run.writer))
    return Phase(
        phase.name,
        patterns,
        build_optimizers(phase, method, routes),
        criteria,
        hooks,
    )


def _pattern_use(
    run: Run, dataset: DatasetConfig, phase: PhaseConfig, method: Method, entry: PatternConfig
) -> PatternUse:
    classifiers = build_classifiers(run.config, method.mappings, dataset.num_clusters)
    named = entry.classifier_name
    pattern = build_component(
        DESIGN_PATTERNS,
        entry.stem,
        entry.options,
        {
            "mapping": method.mappings,
            "feature_extractor": method.mappings,
            "classifier": classifiers,
        },
        {
            "assignment": classifiers[named] if named else method.assignment,
            "strategy": method.assignment,
            "centroids": method.centroids,
            "n_clusters": dataset.num_clusters,
            "generator": run.streams.generator("pattern", dataset.name, phase.name, entry.name),
        },
    )
    return PatternUse(pattern, entry.views)


def _of(table: Any, loss: str) -> Any:
    return table[loss] if loss in table else table["*"]


def _recalculations(
    run: Run, dataset: DatasetConfig, phase: PhaseConfig, method: Method, sweep: Sweep
) -> list[Hook]:
    entry = run.config.centroids
    if entry is None or entry.recalculation != "classical_clustering":
        return []
    if phase.name not in entry.phases:
        return []
    generator = run.streams.generator("recalculation", dataset.name, phase.name)

    def recluster() -> None:
        features = _features(entry, method, sweep)
        seed = draw_seed(generator)
        method.centroids.recluster(features, entry.recalculation_num_restarts, seed)

    return [Every(entry.recalculation_interval, recluster, also_at_the_end=False)]


def _saving(run: Run, dataset: str, method: Method, entry: SaveConfig) -> Hook:
    content, file = _content(method, entry.mapping_name), run.file_to_save(entry, dataset)
    return Every(entry.interval, lambda: save_tensors(content(), file), also_at_the_end=True)


def _content(method: Method, mapping_name: str | None) -> Callable[[], dict[str, Any]]:
    if mapping_name is not None:
        return lambda: mapping_tensors(method.mappings[mapping_name])
    return lambda: {"centroids": method.centroids.values.detach().cpu()}


def _save_results(run: Run, dataset: str, method: Method, clusters: Labels | None) -> None:
    """Save all parameters, and the cluster of every sample where there are clusters."""
    parts: Sequence[str | None] = [*method.mappings]
    if method.centroids.are_initialised:
        parts = [*parts, None]
    for part in parts:
        name = part or "centroids"
        file = saved_file(run.folder / "parameters", run.config.name, dataset, name, None)
        save_tensors(_content(method, part)(), file)
    if clusters is not None:
        rows = [f"{sample},{cluster}\n" for sample, cluster in enumerate(clusters.tolist())]
        file = run.folder / "clusters" / f"{clean_name(dataset)}.csv"
        write_atomically(file, "".join(["sample,cluster\n", *rows]).encode())
