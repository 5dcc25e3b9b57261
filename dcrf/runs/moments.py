"""Some samples of a data set, and their features at moments of a run, for reports."""

import csv
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import Batch, DatasetPass
from dcrf.config.file_names import clean_name
from dcrf.parallel.world import alone
from dcrf.randomness import random_indices
from dcrf.storage.atomic_files import replacing, replacing_text
from dcrf.storage.npy_rows import NpyRows
from dcrf.training.interfaces import DataSource
from dcrf.training.method import Method
from dcrf.training.phase import Hook, PhaseState

MOMENTS = "moments"
"""The folder of a run folder with a folder for each data set."""
SAMPLES = "samples"
"""The name of the files of the samples: a table of their numbers and labels, and their values."""
_KEPT = 2000  # samples, of which a plot shows groups
_VALUES = 2**20  # of a file, which then has 4 MiB
_WIDTH = 2**13  # of samples and features; there would be too few wider ones to show groups


def end_of(phase: str) -> str:
    """Return the file name of the moment at the end of a phase, without its suffix."""
    return f"{clean_name(phase)}-end"


def within(phase: str, iteration: int | str) -> str:
    """Return the file name of the moment after an iteration of a phase, without its suffix."""
    return f"{clean_name(phase)}-{iteration}"


def save_moment(folder: Path, moment: str, method: Method, data_pass: DatasetPass) -> None:
    """Write the features of some random samples, the same ones at all moments of a data set.

    They are at most 2,000, fewer if samples or features are wide, and none if these are wider than
    8,192. Clustering problems have no features.

    Args:
        folder: of the data set.
        moment: the name of the file.
        method: whose features these are.
        data_pass: over the data set.

    Raises:
        OSError: the file cannot be written.
    """
    if (indices := _indices(method, data_pass)) is not None:
        _write(folder / f"{moment}.npy", data_pass(_features(method), indices))


def save_end(folder: Path, phase: str, method: Method, source: DataSource) -> None:
    """Write the features at the end of a phase as `save_moment`, and the samples once for a run.

    Raises:
        OSError: a file cannot be written.
    """
    data_pass, table = method.pass_over(source), folder / f"{SAMPLES}.csv"
    save_moment(folder, end_of(phase), method, data_pass)
    if table.exists() or (indices := _indices(method, data_pass)) is None:
        return
    _write(folder / f"{SAMPLES}.npy", data_pass(_flat, indices))
    labels = source.labels()
    with replacing_text(table) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["sample"] if labels is None else ["sample", "label"])
        for index in indices.tolist():
            writer.writerow([index] if labels is None else [index, int(labels[index])])


class SaveMoments(Hook):
    """Saves features after every `interval` iterations of a phase.

    Args:
        interval: at least 1.
        folder: of the data set.
        phase: its name.
        method: whose features these are.
        data_pass: over the data set.
    """

    def __init__(
        self, interval: int, folder: Path, phase: str, method: Method, data_pass: DatasetPass
    ) -> None:
        self.interval, self.folder, self.phase = interval, folder, phase
        self.method, self.data_pass = method, data_pass

    def after_iteration(self, state: PhaseState) -> None:
        """Save if it is due."""
        if state.clock.due(self.interval):
            moment = within(self.phase, state.clock.iteration)
            with alone():
                save_moment(self.folder, moment, self.method, self.data_pass)


def _indices(method: Method, data_pass: DatasetPass) -> Tensor | None:
    """Return the samples (m,) that a data set keeps; None without any."""
    if isinstance(method.assignment, SetAssignment):
        return None
    one = torch.arange(1)
    width = max(data_pass(values, one).shape[1] for values in (_flat, _features(method)))
    if width > _WIDTH:
        return None
    most = min(_KEPT, _VALUES // width)
    return torch.from_numpy(random_indices(data_pass.n_samples, most))


def _features(method: Method) -> Callable[[Batch], Tensor]:
    return lambda batch: method.assignment.features(batch.samples)


def _flat(batch: Batch) -> Tensor:
    return batch.samples.flatten(1)


def _write(file: Path, rows: Tensor) -> None:
    with replacing(file) as stream:
        NpyRows(stream, len(rows)).write(rows.float().cpu().numpy())
