"""Assign new samples to the clusters of a trained method."""

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import torch

from dcrf.errors import DataError, DcrfError, first_line
from dcrf.evaluation.metrics.base import Labels
from dcrf.runs.assigned_batches import UseBatch, assign_batches
from dcrf.runs.cluster_examples import ClusterExamples
from dcrf.runs.cluster_files import save_profile, saving_features
from dcrf.runs.clusters_table import ClustersTable
from dcrf.runs.trained_run import TrainedRun
from dcrf.storage.atomic_files import replacing_text
from dcrf.training.interfaces import DataSource

FEATURES, EXAMPLES, PROFILE = "features.npy", "examples.csv", "profile.csv"


class Prediction(NamedTuple):
    """The clusters of n samples.

    clusters: (n,) int64, `NOISE` for noise.
    notes: sentences for the user about the samples.
    """

    clusters: Labels
    notes: tuple[str, ...]


def predict_samples(
    run: TrainedRun, file: Path, folder: Path, *, saves_features: bool = False
) -> Prediction:
    """Write the clusters of the samples in a file, which is read in batches, and what they are.

    Args:
        run: of any method that assigns samples.
        file: of samples like those of its data set.
        folder: gets `clusters.csv`; `examples.csv` unless assignments are hard and have no centers;
            `profile.csv` if samples have columns.
        saves_features: whether the folder also gets `features.npy`.

    Raises:
        DataError: the file cannot be read, or its samples do not fit the method; the message names
            the file.
        TrainingError: the method cannot assign samples.
        OSError: the results cannot be written.
    """
    run.method.assignment.check_ready()
    source = run.open_file(file)
    check_fit(run, source, file)
    facts, examples = source.facts, ClusterExamples()
    with ExitStack() as stack:
        table = stack.enter_context(replacing_text(folder / "clusters.csv"))
        uses: list[UseBatch] = [ClustersTable(table, facts.ids).write, examples.add]
        if saves_features:
            features = saving_features(folder / FEATURES, source.n_samples)
            uses.append(stack.enter_context(features))
        clusters = assign_batches(run.method, source, uses, with_features=saves_features)
    examples.write(folder / EXAMPLES, facts.ids)
    save_profile(folder / PROFILE, facts, clusters)
    return Prediction(clusters, source.notes)


def remove_results(folder: Path) -> None:
    """Remove what `predict_samples` writes for some methods and samples only."""
    for name in (FEATURES, EXAMPLES, PROFILE):
        (folder / name).unlink(missing_ok=True)


def check_fit(run: TrainedRun, source: DataSource, file: Path) -> None:
    """Raise DataError if samples of a file do not fit the method; the message names the file."""
    few = torch.arange(min(2, source.n_samples))
    try:
        run.method.pass_over(source)(lambda batch: run.method.assignment(batch.samples), few)
    except (DcrfError, RuntimeError, ValueError) as error:
        shape = tuple(source.data_pass(lambda batch: batch.samples, few).shape[1:])
        cause = first_line(error)
        raise DataError(
            f"{file}: samples of shape {shape} do not fit the method: {cause}"
        ) from error
