"""Build data sources."""

from dataclasses import replace
from typing import cast

from torch import nn

from dcrf.batch import Rows, SideTargets
from dcrf.builder.components import build_entry
from dcrf.builder.sample_steps import apply_steps, decoded, fit_steps
from dcrf.config.method_config import DatasetConfig, Options
from dcrf.data.batch_order import Loading, batch_sizes, unused_samples_note
from dcrf.data.data_source import DataSource
from dcrf.data.sampling.base import Sampling
from dcrf.data.side_targets import CLASSES, read_side_targets, rows_in_use, targets_of
from dcrf.data.sources.load import encoding_kind, open_data
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays, Encoding, RawData
from dcrf.errors import DataError
from dcrf.evaluation.label_notes import label_notes
from dcrf.randomness import RandomStreams
from dcrf.schema.registry import SAMPLINGS

LABELS = "labels"
"""The value of `side_targets` that makes targets of the labels of the data set."""


def open_source(
    entry: DatasetConfig,
    streams: RandomStreams,
    device: str,
    is_trained_on: bool = True,
    arrays: Arrays = NO_ARRAYS,
    fitted_on: DatasetConfig | None = None,
) -> DataSource:
    """Open a data set and its views.

    Its notes are those of the source and of its labels. If the method is trained on it, they also
    report samples that are in no training batch, or sorted by class.

    Args:
        entry: the data set.
        streams: of the run's seed.
        device: a torch device name.
        is_trained_on: whether a phase trains on it.
        arrays: data handed over in Python.
        fitted_on: the data set whose samples the steps are fitted to; None for this one. Its
            encoding is that of this data set, too.

    Raises:
        DataError: the data cannot be read, or do not fit the configuration.
    """
    training = None if fitted_on is None else open_raw(fitted_on, arrays)
    raw = open_raw(entry, arrays, _encoding_for(entry, fitted_on, training))
    if entry.steps:
        # once, to fit the steps and to go through them
        raw = replace(raw, samples=decoded(raw, entry.num_workers))
    rows = _rows(raw)
    training = training or raw
    targets, raw = _side_targets(entry, raw)
    name = entry.name if fitted_on is None else fitted_on.name
    steps = fit_steps(entry.steps, training, streams.generator("steps", name), entry.num_workers)
    raw = apply_steps(steps, raw, entry.num_workers)
    loading = Loading(
        entry.batch_size,
        sampling=build_sampling(entry),
        drop_last=entry.drop_last and is_trained_on,
        num_workers=entry.num_workers,
        pin_memory=entry.pin_memory,
        device=device,
    )
    raw = replace(raw, notes=(*raw.notes, *_notes(raw, loading, is_trained_on)))
    return DataSource(
        entry.name,
        raw,
        entry.transforms,
        entry.batch_augmentations,
        loading,
        streams,
        steps,
        targets,
        rows,
    )


def open_samples(
    entry: DatasetConfig, raw: RawData, streams: RandomStreams, device: str, steps: nn.Module | None
) -> DataSource:
    """Return new samples for a trained method, in the default view of a data set.

    Args:
        entry: the data set that they resemble.
        raw: the samples.
        streams: of the run's seed.
        device: a torch device name.
        steps: of the data set, fitted; None without any.
    """
    loading = Loading(entry.batch_size, drop_last=False, device=device)
    return DataSource(
        entry.name,
        apply_steps(steps, raw),
        entry.transforms,
        {},
        loading,
        streams,
        steps,
        rows=_rows(raw),
    )


def _rows(raw: RawData) -> Rows | None:
    """Return the samples, whose numbers the names of columns belong to; None without names."""
    return None if raw.columns is None else raw.samples


def _encoding_for(
    entry: DatasetConfig, fitted_on: DatasetConfig | None, training: RawData | None
) -> Encoding | None:
    """Return the encoding of training data if the source of a data set reads it."""
    if fitted_on is None or training is None:
        return None
    kinds = {encoding_kind(entry.source), encoding_kind(fitted_on.source)}
    return training.encoding if len(kinds) == 1 else None


def open_raw(
    entry: DatasetConfig, arrays: Arrays = NO_ARRAYS, encoding: Encoding | None = None
) -> RawData:
    """Return the samples in use before any step.

    Args:
        entry: the data set.
        arrays: data handed over in Python.
        encoding: of training data, from which these are encoded alike; None to fit one.

    Raises:
        DataError: the data cannot be read, or the range exceeds them.
    """
    return open_data(
        entry.source,
        entry.dataset,
        entry.options,
        parts=entry.parts,
        first=entry.first,
        last=entry.last,
        arrays=arrays,
        encoding=encoding,
    )


def _side_targets(entry: DatasetConfig, raw: RawData) -> tuple[SideTargets | None, RawData]:
    """Return the side targets of the samples in use, and the data without labels that they are."""
    if entry.side_targets is None:
        return None, raw
    try:
        if entry.side_targets == LABELS:
            if raw.labels is None:
                raise DataError("the data set has no labels")
            return targets_of(raw.labels, CLASSES), replace(raw, labels=None)
        targets = targets_in_file(entry)
        return rows_in_use(targets, entry.first, entry.last, len(raw.samples)), raw
    except DataError as error:
        raise DataError(f"data set {entry.name}: side_targets: {error}") from error


def targets_in_file(entry: DatasetConfig) -> SideTargets:
    """Read the side targets of a data set that has them in a file.

    Raises:
        OptionError: the file cannot be read, or its values are not of the kind.
    """
    options = cast(Options, entry.side_targets)
    return read_side_targets(options["path"], options["kind"], options.get("key"))


def build_sampling(entry: DatasetConfig) -> Sampling:
    """Build the sampling of a data set."""
    return build_entry(SAMPLINGS, entry.sampling, {}, {})


def _notes(raw: RawData, loading: Loading, is_trained_on: bool) -> tuple[str, ...]:
    if not is_trained_on:
        return label_notes(raw.labels, None)
    n_samples = len(raw.samples)
    sizes_in_order = batch_sizes(n_samples, loading) if loading.sampling.is_fixed else None
    return (
        *unused_samples_note(n_samples, loading),
        *label_notes(raw.labels, sizes_in_order),
    )
