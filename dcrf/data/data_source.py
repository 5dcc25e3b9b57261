"""What training sees of a data set: batches, data passes, and labels for the evaluator."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import tee
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dcrf.batch import Batch, Clock
from dcrf.data.batch_order import Loading, check_batch_size, pass_plans, training_plans
from dcrf.data.decoding import Prepared, decode_all, read_sample
from dcrf.data.fingerprint import digest
from dcrf.data.readers import DEFAULT_VIEW, MemoryReader, Reader, StreamReader
from dcrf.data.sources.raw_data import RawData, Samples
from dcrf.data.transforms.build import build_transforms, shared_beginning
from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams
from dcrf.safety.limits import SAMPLES_IN_MEMORY_BYTES

Entries = Sequence[Mapping[str, Any]]


class DataSource:
    """The batches of a data set.

    Samples that fit into `SAMPLES_IN_MEMORY_BYTES` and have one shape, if need be after the fixed
    transforms that all views begin with, are decoded once; others are decoded again for every
    batch. Both ways give the same samples in the same order. Samples that are a tensor stay where
    they are.

    Args:
        name: the data set's, for errors and random streams.
        raw: samples and labels.
        transforms: entries of the default view; None means only `ToTensor`.
        batch_augmentations: entries of the named views.
        loading: how samples become batches.
        streams: where all random numbers come from.

    Raises:
        DataError: samples cannot be decoded, transforms do not fit them, or there are too few of
            them for a batch.
    """

    notes: tuple[str, ...] = ()
    """Sentences about the data for the log."""

    def __init__(
        self,
        name: str,
        raw: RawData,
        transforms: Entries | None,
        batch_augmentations: Mapping[str, Entries],
        loading: Loading,
        streams: RandomStreams,
    ) -> None:
        self.name, self.n_samples = name, len(raw.samples)
        self._raw, self._labels, self._loading = raw, raw.labels, loading
        self._streams = RandomStreams(streams.seed_for("data", name))
        entries = {DEFAULT_VIEW: transforms, **batch_augmentations}
        try:
            check_batch_size(self.n_samples, loading)
            samples, rest = _prepared(raw.samples, entries)
            example = read_sample(samples, 0)
            views = {view: self._view(view, rest[view], example) for view in rest}
            self._reader = _reader(samples, views, loading)
        except DataError as error:
            raise DataError(f"data set {name}: {error}") from error

    def batches(
        self, views: Collection[str] = (), purpose: str = "", done: int = 0
    ) -> Iterator[tuple[Clock, Batch]]:
        """Yield batches without end, with the clock of each.

        Args:
            views: the named views to make besides the default one. Asking for one changes no
                other.
            purpose: what the batches are for, as a phase's name; each has its own shuffles and
                draws, and every call with it gives the same batches.
            done: how many of them to leave out at the beginning.

        Raises:
            DataError: a sample cannot be decoded, or its shape differs from the others'.
        """
        planned = training_plans(self.n_samples, self._loading, self._streams, purpose, done)
        plans, read = tee(planned)
        clocks = (plan.clock for plan in plans)
        yield from zip(clocks, self._read(read, views), strict=True)

    def data_pass(self, fn: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
        """Apply `fn` to samples in batches of the default view, without gradient.

        A random default view has the same draws in every data pass over the same samples. Modules
        keep their mode: the caller sets evaluation mode.

        Args:
            fn: maps a batch of n samples to (n, ...).
            indices: (m,) int64, the samples to cover, at least one.

        Returns:
            (m, ...), the rows of `fn` in the order of `indices`.
        """
        with torch.no_grad():
            plans = pass_plans(indices, self._loading)
            return _gathered((fn(batch) for batch in self._read(plans, ())), len(indices))

    def labels(self) -> np.ndarray | None:
        """Return the class of every sample, (N,) int64, for evaluation only; None without any."""
        return self._labels

    def digest(self) -> dict[str, int | str | None]:
        """Return what tells these data from others, before any transform.

        See `dcrf.data.fingerprint` for how much of large data it looks at.
        """
        return digest(self._raw)

    def _read(self, plans: Iterator, views: Collection[str]) -> Iterator[Batch]:
        try:
            yield from self._reader.read(plans, views)
        except DataError as error:
            raise DataError(f"data set {self.name}: {error}") from error

    def _view(self, name: str, entries: Entries | None, example: Any) -> View:
        try:
            return View(entries, RandomStreams(self._streams.seed_for("view", name)), example)
        except DataError as error:
            place = f"batch augmentation {name}" if name else "transforms"
            raise DataError(f"{place}: {error}") from error


def _gathered(parts: Iterator[Tensor], n_rows: int) -> Tensor:
    """Put parts below one another; only the whole and one part are in memory at a time."""
    part = next(parts)
    whole = part.new_empty(n_rows, *part.shape[1:])
    end = len(part)
    whole[:end] = part
    for part in parts:
        whole[end : end + len(part)] = part
        end += len(part)
    return whole


def _prepared(
    samples: Samples, views: Mapping[str, Entries | None]
) -> tuple[Samples, Mapping[str, Entries | None]]:
    """Take the fixed transforms that all views begin with to the decoding of lazy samples."""
    shared = [] if isinstance(samples, Tensor) else shared_beginning(views.values())
    if not shared:
        return samples, views
    rest = {name: entries and entries[len(shared) :] for name, entries in views.items()}
    return Prepared(samples, build_transforms(shared)), rest


def _reader(samples: Samples, views: Mapping[str, View], loading: Loading) -> Reader:
    decoded = decode_all(samples, SAMPLES_IN_MEMORY_BYTES, loading.num_workers)
    if decoded is None:
        return StreamReader(samples, views, loading)
    return MemoryReader(decoded, views, loading.device)
