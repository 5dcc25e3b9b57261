"""Build the plans that the trainer runs."""

from functools import partial

from dcrf.assignment.base import Assignment
from dcrf.assignment.set_assignment import SetAssignment
from dcrf.builder.data_sources import open_source
from dcrf.builder.method import build_method
from dcrf.builder.metrics import build_metrics, requested_metrics
from dcrf.builder.phases import PhaseBuilder
from dcrf.builder.problem_sources import open_problems
from dcrf.builder.run_context import RunContext
from dcrf.config.method_config import DatasetConfig
from dcrf.evaluation.evaluator import Evaluator as DatasetEvaluator
from dcrf.evaluation.problem_evaluator import ProblemEvaluator
from dcrf.training.interfaces import DataSource, Evaluator
from dcrf.training.plans import DatasetPlan, PhasePlan


def build_plans(run: RunContext) -> list[DatasetPlan]:
    """Build the plans of all data sets. Each opens its data and builds its method on demand."""
    return [_dataset_plan(run, dataset) for dataset in run.config.datasets]


def _dataset_plan(run: RunContext, dataset: DatasetConfig) -> DatasetPlan:
    phases = run.config.phases_on(dataset)
    is_trained_on = any(phase.trains for phase in phases)
    by_name = {entry.name: entry for entry in run.config.datasets}
    fitted_on = by_name[dataset.steps_fitted_on] if dataset.steps_fitted_on else None

    def evaluator(assignment: Assignment, source: DataSource) -> Evaluator:
        metrics = build_metrics(requested_metrics(run.config))
        if isinstance(assignment, SetAssignment):
            return ProblemEvaluator(assignment, source.labels, metrics)
        return DatasetEvaluator(assignment, source.labels, metrics)

    def open_dataset() -> DataSource:
        if dataset.has_problems:
            return open_problems(dataset, run.streams, run.device, run.arrays)
        return open_source(
            dataset,
            run.streams,
            run.device,
            is_trained_on=is_trained_on,
            arrays=run.arrays,
            fitted_on=fitted_on,
        )

    return DatasetPlan(
        name=dataset.name,
        open=open_dataset,
        make_method=lambda: build_method(
            run.config, dataset.num_clusters, run.streams, run.files.read_tensor
        ).to(run.device),
        make_evaluator=lambda method, source: evaluator(method.assignment, source),
        make_reclustering_evaluators=lambda method, source: {
            name: evaluator(clusters, source) for name, clusters in method.reclusterings.items()
        },
        keeps_method=not dataset.reinitialize_mappings,
        phases=[_phase_plan(PhaseBuilder(run, dataset, phase)) for phase in phases],
        save_clusters=partial(run.files.save_reclustering, dataset.name),
        finish=partial(run.files.save_results, dataset.name),
    )


def _phase_plan(builder: PhaseBuilder) -> PhasePlan:
    return PhasePlan(
        name=builder.phase.name,
        prepare=builder.prepare,
        make=builder.make,
        max_iterations=builder.phase.exit_criteria.get("iterations"),
        loads_files=builder.loads_files,
    )
