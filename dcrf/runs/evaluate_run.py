"""Evaluate the method of a finished run again, without training."""

from pathlib import Path

from dcrf.builder import RunContext
from dcrf.builder.open_dataset import make_evaluator, open_dataset
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Evaluation, Labels
from dcrf.reporting.writers import NO_WRITER
from dcrf.runs.run_files import RunFiles
from dcrf.runs.trained_run import TrainedRun
from dcrf.training.interfaces import DataSource


def evaluate_run(run: TrainedRun, samples: DataSource | None = None) -> tuple[Evaluation, Labels]:
    """Assign all samples of a data set and score their clusters.

    Args:
        run: of any method.
        samples: as `samples_of` opens them; None for those of the run.

    Returns:
        The evaluation, and the cluster (n,) of every sample.

    Raises:
        DataError: the samples cannot be read, or samples of the method cannot be assigned.
    """
    source = samples_of(run) if samples is None else samples
    evaluator = make_evaluator(_context(run), run.method.assignment, source)
    if reason := evaluator.why_not_ready():
        raise DataError(f"the run cannot be evaluated: {reason}")
    evaluation = evaluator.evaluate(run.method.pass_over(source))
    if evaluator.clusters is None:
        raise RuntimeError("an evaluation has clusters")
    return evaluation, evaluator.clusters


def samples_of(run: TrainedRun, file: Path | None = None) -> DataSource:
    """Open the samples of a run, or those of a file with their labels.

    Args:
        run: of any method.
        file: of the samples, with labels where those of the run have them; None for the samples of
            the run.

    Raises:
        DataError: the samples cannot be read, or do not fit the data set.
    """
    if file is None:
        return open_dataset(_context(run), run.dataset)
    return run.open_file(file, with_labels=True)


def _context(run: TrainedRun) -> RunContext:
    files = RunFiles(None, run.config.name)
    return RunContext(run.config, run.streams, run.config.device, NO_WRITER, files)
