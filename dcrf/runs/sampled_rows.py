"""Samples of a data set in a common space: as they are, by principal components, or as features."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcrf.batch import Batch
from dcrf.builder import RunContext
from dcrf.builder.open_dataset import open_dataset
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams, random_indices
from dcrf.reporting.writers import NO_WRITER
from dcrf.runs.run_files import RunFiles
from dcrf.runs.trained_run import open_run
from dcrf.selection.common_space import SAMPLES, principal_components
from dcrf.training.interfaces import DataSource


@dataclass(frozen=True, slots=True)
class SampledRows:
    """Rows of at most `SAMPLES` random samples of a data set.

    rows: (m, d).
    indices: (m,) of the samples.
    n_samples: of the data set.
    space: the meaning of the columns, in words.
    """

    rows: NDArray[np.floating]
    indices: NDArray[np.int64]
    n_samples: int
    space: str


def input_rows(config: MethodConfig, dataset: DatasetConfig) -> SampledRows:
    """Return samples as a method reads them: after its steps and transforms, flat.

    Raises:
        DataError: the data cannot be read, or do not fit the configuration.
    """
    source = _open(config, dataset, RandomStreams(config.seed or 0), "cpu")
    first = source.data_pass(lambda batch: batch.samples, torch.arange(1))[0]
    rows = _sampled(source, lambda batch: batch.samples.flatten(1))
    if first.ndim == 1:
        after = ", ".join(str(step["type"]) for step in dataset.steps)
        columns = f"the {len(first):,} columns of {dataset.name}"
        return replace(rows, space=f"{columns} after {after}" if after else columns)
    shape = " x ".join(map(str, first.shape))
    return replace(rows, space=f"the {shape} values of each sample of {dataset.name}")


def in_principal_components(rows: SampledRows) -> SampledRows:
    """Return the samples in their first principal components."""
    reduced = principal_components(rows.rows)
    words = f"the first {reduced.shape[1]} principal components of {rows.space}"
    return replace(rows, rows=reduced, space=words)


def feature_rows(folder: Path, dataset: str, device: str | None = None) -> SampledRows:
    """Return samples as the features in which a finished run forms clusters.

    Args:
        folder: of the run.
        dataset: the name of the data set.
        device: a torch device name in place of the run's.

    Raises:
        ConfigError: the configuration of the run is invalid.
        DataError: the folder has no finished run with this data set, or the data cannot be read.
    """
    run = open_run(folder, dataset, device)
    source = _open(run.config, run.dataset, run.streams, run.config.device)
    assignment = run.method.assignment
    rows = _sampled(source, lambda batch: assignment.features(batch.samples))
    return replace(rows, space=f"the {rows.rows.shape[1]:,} features of {folder}")


def _open(
    config: MethodConfig, dataset: DatasetConfig, streams: RandomStreams, device: str
) -> DataSource:
    if dataset.has_problems:
        raise DataError(f"{dataset.name} has sets of objects, which have no common space")
    files = RunFiles(None, config.name)
    return open_dataset(RunContext(config, streams, device, NO_WRITER, files), dataset)


def _sampled(source: DataSource, function: Callable[[Batch], Tensor]) -> SampledRows:
    indices = random_indices(source.n_samples, SAMPLES)
    rows = source.data_pass(function, torch.from_numpy(indices))
    return SampledRows(rows.float().cpu().numpy(), indices, source.n_samples, "")
