"""The data source: training batches and data passes, and labels for the evaluator."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain, tee
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dcrf.batch import Batch, Clock, Rows, SampleFacts, SideTargets
from dcrf.data.batch_order import (
    BatchPlan,
    ClustersOf,
    Loading,
    check_batch_size,
    no_clusters,
    pass_plans,
    training_epochs,
)
from dcrf.data.decoding import TransformedSamples, decode_all, read_sample
from dcrf.data.fingerprint import Fingerprint, differences, fingerprint
from dcrf.data.readers import DEFAULT_VIEW, MemoryReader, Reader, StreamReader
from dcrf.data.sources.raw_data import RawData, Samples
from dcrf.data.transforms.build import build_transforms, shared_prefix
from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams
from dcrf.safety.limits import SAMPLES_IN_MEMORY_BYTES

Entries = Sequence[Mapping[str, Any]]


class DataSource:
    """The batches of a data set.

    Lazy samples are decoded once if they have one shape and fit into `SAMPLES_IN_MEMORY_BYTES`,
    both after the fixed transforms that all views share. Otherwise they are decoded for each
    batch. Both paths give the same samples in the same order. A tensor of samples is not copied.

    Args:
        name: name of the data set, for errors and random streams.
        raw: samples and labels.
        transforms: entries of the default view; None means only `ToTensor`.
        batch_augmentations: entries of the named views.
        loading: batch size, order and device.
        streams: source of all random numbers.
        steps: that the samples have gone through already.
        targets: the side targets of all samples; None without any.
        rows: the samples before the steps, one number for each column; None without columns.

    notes: sentences for the user about these data, as in `raw`.
    facts: names of the samples and columns, encoding and provenance, as in `raw`, the steps, and
        the rows.

    Raises:
        DataError: samples cannot be decoded, do not fit the transforms, or are too few for a batch.
    """

    def __init__(
        self,
        name: str,
        raw: RawData,
        transforms: Entries | None,
        batch_augmentations: Mapping[str, Entries],
        loading: Loading,
        streams: RandomStreams,
        steps: nn.Module | None = None,
        targets: SideTargets | None = None,
        rows: Rows | None = None,
    ) -> None:
        self.name, self.n_samples = name, len(raw.samples)
        self.facts = SampleFacts(raw.ids, raw.columns, steps, raw.encoding, raw.provenance, rows)
        self._labels, self._files, self._loading = raw.labels, raw.files, loading
        self._targets = targets
        self._streams = RandomStreams(streams.seed_for("data", name))
        entries = {DEFAULT_VIEW: transforms, **batch_augmentations}
        try:
            check_batch_size(self.n_samples, loading)
            samples, rest = _apply_shared_transforms(raw.samples, entries)
            example = read_sample(samples, 0)
            views = {view: self._view(view, rest[view], example) for view in rest}
            decoded = decode_all(samples, SAMPLES_IN_MEMORY_BYTES, loading.num_workers)
            if decoded is None:
                _check_independence(views)
        except DataError as error:
            raise DataError(f"data set {name}: {error}") from error
        self.notes = raw.notes
        self._reader: Reader
        if decoded is None:
            self._samples, self._reader = samples, StreamReader(samples, views, loading, raw.ids)
        else:
            self._samples, self._reader = decoded, MemoryReader(decoded, views, loading.device)

    def batches(
        self,
        views: Collection[str] = (),
        purpose: str = "",
        done: int = 0,
        clusters_of: ClustersOf = no_clusters,
    ) -> Iterator[tuple[Clock, Batch]]:
        """Yield an endless sequence of batches, each with its clock.

        Args:
            views: the named views to compute besides the default one. No view depends on which
                others are computed.
            purpose: part of the seeds of orders and random views, such as the name of a phase.
                Every call with the same purpose yields the same batches.
            done: number of batches to skip.
            clusters_of: returns the clusters of all samples when an epoch starts; called if the
                sampling needs them, after the last batch of the epoch before is used.

        Raises:
            DataError: a sample cannot be decoded, or its shape differs from the others'.
        """
        epochs = training_epochs(
            self.n_samples, self._loading, self._streams, purpose, done, clusters_of
        )
        if not self._loading.sampling.needs_clusters:
            epochs = iter([chain.from_iterable(epochs)])  # so that workers read ahead
        for epoch in epochs:
            plans, plans_to_read = tee(epoch)
            clocks = (plan.clock for plan in plans)
            yield from zip(clocks, self._read(plans_to_read, views), strict=True)

    def companions(
        self, purpose: str, clock: Clock, indices: Tensor, view: str | None = None
    ) -> Tensor:
        """Return (n, m, *sample_shape): the samples at indices (n, m) int64.

        Args:
            purpose: part of the seeds of a random view, with the clock.
            clock: epoch and iteration.
            indices: samples that may repeat. Each place has its own draw of a random view.
            view: a named view; None for the default one.

        Raises:
            DataError: a sample cannot be decoded, or its shape differs from the others'.
        """
        plan = BatchPlan(purpose, clock, indices.flatten().cpu(), first_place=0)
        with self._naming_data_set():
            values = self._reader.read_view(plan, DEFAULT_VIEW if view is None else view)
        return values.unflatten(0, indices.shape)

    def side_targets(self, indices: Tensor) -> SideTargets:
        """Return the side targets of the samples at (n,) int64 indices, on the device of batches.

        Raises:
            DataError: the data set has no side targets.
        """
        if self._targets is None:
            raise DataError(f"data set {self.name} has no side targets")
        values = self._targets.values[indices.cpu()].to(self._loading.device)
        return self._targets._replace(values=values)

    def data_pass(self, fn: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
        """Apply `fn` to samples in batches of the default view, without gradient.

        A random default view has the same draws in every data pass over the same samples. The
        caller sets the modules to evaluation mode.

        Args:
            fn: maps a batch of n samples to (n, ...).
            indices: (m,) int64, the samples, at least one.

        Returns:
            (m, ...), the rows of `fn` in the order of `indices`.
        """
        with torch.no_grad():
            plans = pass_plans(indices, self._loading)
            return _concatenate_rows((fn(batch) for batch in self._read(plans, ())), len(indices))

    def labels(self) -> np.ndarray | None:
        """Return the class of every sample, (N,) int64, or None; for evaluation only."""
        return self._labels

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of these data, after the fixed transforms that all views share.

        Only the first call reads them.
        """
        return self._fingerprint

    def changes_since(self, fingerprint: Fingerprint) -> list[str]:
        """Return a phrase for each change of these data since `fingerprint`."""
        return differences(fingerprint, self._fingerprint)

    @cached_property
    def _fingerprint(self) -> Fingerprint:
        targets = None if self._targets is None else self._targets.values.numpy()
        return fingerprint(self._samples, self._labels, self._files, targets)

    def _read(self, plans: Iterator, views: Collection[str]) -> Iterator[Batch]:
        with self._naming_data_set():
            yield from self._reader.read(plans, views)

    @contextmanager
    def _naming_data_set(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            raise DataError(f"data set {self.name}: {error}") from error

    def _view(self, name: str, entries: Entries | None, example: Any) -> View:
        try:
            return View(entries, RandomStreams(self._streams.seed_for("view", name)), example)
        except DataError as error:
            place = f"batch augmentation {name}" if name else "transforms"
            raise DataError(f"{place}: {error}") from error


def _check_independence(views: Mapping[str, View]) -> None:
    """Raise DataError if samples that are read one by one change by each other."""
    for name, view in views.items():
        if view.needs_others:
            place = f"batch augmentation {name}" if name else "transforms"
            raise DataError(
                f"{place}: a transform takes features of other samples of a batch, but samples "
                f"are read one by one if they exceed {SAMPLES_IN_MEMORY_BYTES} bytes or are not "
                "of one shape and of 8 bits or float32; remove it"
            )


def _concatenate_rows(parts: Iterator[Tensor], n_rows: int) -> Tensor:
    """Return (n_rows, ...). Memory beyond the result holds one part only, unlike `torch.cat`."""
    part = next(parts)
    whole = part.new_empty(n_rows, *part.shape[1:])
    end = len(part)
    whole[:end] = part
    for part in parts:
        whole[end : end + len(part)] = part
        end += len(part)
    return whole


def _apply_shared_transforms(
    samples: Samples, views: Mapping[str, Entries | None]
) -> tuple[Samples, Mapping[str, Entries | None]]:
    """Return lazy samples with the fixed transforms that all views share, and the other ones."""
    shared = [] if isinstance(samples, Tensor) else shared_prefix(views.values())
    if not shared:
        return samples, views
    rest = {name: entries and entries[len(shared) :] for name, entries in views.items()}
    return TransformedSamples(samples, build_transforms(shared)), rest
