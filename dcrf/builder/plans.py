"""Build the plans that the trainer runs."""

from functools import partial

from dcrf.builder.method import build_method
from dcrf.builder.open_dataset import make_evaluator, open_dataset
from dcrf.builder.phases import PhaseBuilder
from dcrf.builder.run_context import RunContext
from dcrf.config.method_config import DatasetConfig
from dcrf.training.plans import DatasetPlan, PhasePlan


def build_plans(run: RunContext) -> list[DatasetPlan]:
    """Build the plans of all data sets. Each opens its data and builds its method on demand."""
    return [_dataset_plan(run, dataset) for dataset in run.config.datasets]


def _dataset_plan(run: RunContext, dataset: DatasetConfig) -> DatasetPlan:
    phases = run.config.phases_on(dataset)
    return DatasetPlan(
        name=dataset.name,
        n_clusters=dataset.num_clusters,
        open=partial(open_dataset, run, dataset),
        make_method=lambda: build_method(
            run.config, dataset.num_clusters, run.streams, run.files.read_tensor
        ).to(run.device),
        make_evaluator=lambda method, source: make_evaluator(run, method.assignment, source),
        make_reclustering_evaluators=lambda method, source: {
            name: make_evaluator(run, clusters, source)
            for name, clusters in method.reclusterings.items()
        },
        keeps_method=not dataset.reinitialize_mappings,
        phases=[_phase_plan(PhaseBuilder(run, dataset, phase)) for phase in phases],
        save_clusters=partial(run.files.save_reclustering, dataset.name),
        finish_phase=partial(run.files.save_phase, dataset.name),
        finish=partial(run.files.save_results, dataset.name),
    )


def _phase_plan(builder: PhaseBuilder) -> PhasePlan:
    criteria = builder.phase.exit_criteria
    counts_neither = bool(criteria.keys() - {"iterations", "epochs"})
    return PhasePlan(
        name=builder.phase.name,
        prepare=builder.prepare,
        make=builder.make,
        max_iterations=criteria.get("iterations"),
        loads_files=builder.loads_files,
        epochs=criteria.get("epochs"),
        may_end_earlier=counts_neither or builder.phase.on_collapse == "stop",
    )
