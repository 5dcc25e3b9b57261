"""Assign new samples to the clusters of a trained method."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch
from dcrf.errors import DataError, DcrfError, first_line
from dcrf.evaluation.metrics.base import NOISE, Labels
from dcrf.functional.assignments import most_probable_clusters
from dcrf.mappings.forward_cache import cached_forwards
from dcrf.runs.trained_run import TrainedRun


@dataclass(frozen=True, slots=True)
class Prediction:
    """The clusters of n samples.

    ids: their names; None if they have none.
    clusters: (n,) int64, `NOISE` for noise.
    probabilities: (n, k) float32, of every cluster; rows of zeros are noise.
    distances: (n,) float32, from the features of each sample to the center of its cluster, NaN for
        noise; None if clusters have no centers.
    notes: sentences for the user about the samples.
    """

    ids: Sequence[str] | None
    clusters: Labels
    probabilities: NDArray[np.float32]
    distances: NDArray[np.float32] | None
    notes: tuple[str, ...] = ()


def predict_samples(run: TrainedRun, file: Path) -> Prediction:
    """Return the clusters of the samples in a file, which is read in batches.

    Args:
        run: of any method that assigns samples.
        file: of samples like those of its data set.

    Raises:
        DataError: the file cannot be read, or its samples do not fit the method; the message names
            the file.
        TrainingError: the method cannot assign samples.
    """
    assignment = run.method.assignment
    assignment.check_ready()
    source, centers = run.open_file(file), assignment.cluster_centers()
    cached = run.method.cached_modules()

    def rows_of(batch: Batch) -> Tensor:
        with cached_forwards(cached):
            return _rows(assignment, centers, batch.samples)

    try:
        rows = run.method.pass_over(source)(rows_of).cpu()
    except (DcrfError, RuntimeError, ValueError) as error:
        shape = tuple(source.data_pass(lambda batch: batch.samples, torch.arange(1)).shape[1:])
        cause = first_line(error)
        raise DataError(
            f"{file}: samples of shape {shape} do not fit the method: {cause}"
        ) from error
    values = rows.numpy()
    return Prediction(
        ids=source.facts.ids,
        clusters=values[:, 0].astype(np.int64),
        probabilities=values[:, 2:],
        distances=None if centers is None else values[:, 1],
        notes=source.notes,
    )


def _rows(assignment: Assignment, centers: Tensor | None, samples: Tensor) -> Tensor:
    """Return (n, 2 + k) float32: the cluster, the distance to its center, the probabilities."""
    log_assignments = assignment(samples)
    clusters = most_probable_clusters(log_assignments)
    distances = log_assignments.new_full((len(samples),), torch.nan)
    if centers is not None:
        features = assignment.features(samples)
        distances = (features - centers[clusters.clamp(min=0)]).norm(dim=1)
        distances = distances.masked_fill(clusters == NOISE, torch.nan)
    parts = [clusters.unsqueeze(1), distances.unsqueeze(1), log_assignments.exp()]
    return torch.cat([part.float() for part in parts], dim=1)
