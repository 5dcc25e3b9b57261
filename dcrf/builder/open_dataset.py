"""Open the data sets of a run, and make their evaluators."""

from dcrf.assignment.base import Assignment
from dcrf.assignment.set_assignment import SetAssignment
from dcrf.builder.data_sources import open_source
from dcrf.builder.metrics import build_metrics, requested_metrics
from dcrf.builder.problem_sources import open_problems
from dcrf.builder.run_context import RunContext
from dcrf.config.method_config import DatasetConfig
from dcrf.evaluation.evaluator import Evaluator as SampleEvaluator
from dcrf.evaluation.problem_evaluator import ProblemEvaluator
from dcrf.training.interfaces import DataSource, Evaluator


def open_dataset(run: RunContext, dataset: DatasetConfig) -> DataSource:
    """Open a data set of samples or of clustering problems.

    Raises:
        DataError: the data cannot be read, or do not fit the configuration.
    """
    if dataset.has_problems:
        return open_problems(dataset, run.streams, run.device, run.arrays)
    by_name = {entry.name: entry for entry in run.config.datasets}
    return open_source(
        dataset,
        run.streams,
        run.device,
        is_trained_on=any(phase.trains for phase in run.config.phases_on(dataset)),
        arrays=run.arrays,
        fitted_on=by_name[dataset.steps_fitted_on] if dataset.steps_fitted_on else None,
    )


def make_evaluator(run: RunContext, assignment: Assignment, source: DataSource) -> Evaluator:
    """Make the evaluator of an assignment on a data set."""
    metrics = build_metrics(requested_metrics(run.config))
    if isinstance(assignment, SetAssignment):
        return ProblemEvaluator(assignment, source.labels, metrics)
    return SampleEvaluator(assignment, source.labels, metrics)
