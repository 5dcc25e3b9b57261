"""Batches, clocks and data passes, shared by data, design patterns and training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Clock:
    """Epoch and iteration of a phase, from 1. `epoch_ends` in the last iteration of an epoch."""

    epoch: int
    iteration: int
    epoch_ends: bool = False

    def due(self, interval: int) -> bool:
        """Return whether an action of every `interval` iterations is due."""
        return self.iteration % interval == 0


ReadCompanions = Callable[[str, Clock, Tensor, str | None], Tensor]
"""Return (n, m, *sample_shape): the samples at indices (n, m), for a purpose such as the name of a
phase and a pattern, at a clock, in the named or the default view."""


class SideTargets(NamedTuple):
    """Targets of another task than clustering, for those samples that have them.

    values: (n,) int64 classes, -1 for a sample without one; or (n, d) float32 numbers, NaN in the
        rows of samples without them.
    n_classes: one more than the largest class of the data set; None for numbers, and while the
        data are not read.
    """

    values: Tensor
    n_classes: int | None = None


ReadSideTargets = Callable[[Tensor], SideTargets]
"""Return the side targets of the samples at (n,) int64 indices."""


class Rows(Protocol):
    """A sequence of samples of d numbers: a tensor (N, d), or an object that reads row i."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class SampleFacts(NamedTuple):
    """What results say of the samples of a data set, and what new samples need to be like them.

    ids: the name of every sample.
    columns: the names of the columns of a table, or the terms of texts.
    steps: fitted steps that all samples have gone through.
    encoding: JSON of the values that the source has fitted to the data; None if it fits nothing.
    provenance: how pretrained networks have computed the samples, as plain values.
    rows: N samples before the steps, one number for each column; None without names of columns.
    """

    ids: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    steps: nn.Module | None = None
    encoding: Mapping[str, Any] | None = None
    provenance: Sequence[Mapping[str, Any]] = ()
    rows: Rows | None = None


NO_FACTS = SampleFacts()


class Place(NamedTuple):
    """The names of a data set and of a phase on it."""

    dataset: str
    phase: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The samples of one iteration, without labels, so no pattern can learn from them.

    Side targets are no exception: a data set hands out labels either as side targets or for
    evaluation, and only patterns whose schema has the `x-batch` `targets` see side targets.

    indices: (n,) int64, indices of the samples in the data set.
    samples: (n, *sample_shape), the default view, or the view that a pattern names.
    views: (n, *sample_shape) each, row i a view of sample i. Keys are the names of views in a batch
        of a data source, and their roles in a batch for a design pattern.
    companions: (n, m, *sample_shape), row i the m companions of sample i that a design pattern has
        asked for; None in a batch for any other pattern.
    targets: the side targets of the samples, in a batch for a design pattern that learns from
        them; None in a batch for any other pattern.
    clock: of the iteration; schedules read it.
    default_view: (n, *sample_shape) if `samples` is another view, otherwise None.
    """

    indices: Tensor
    samples: Tensor
    views: Mapping[str, Tensor] = field(default_factory=dict)
    companions: Tensor | None = None
    targets: SideTargets | None = None
    clock: Clock = Clock(epoch=1, iteration=1)
    default_view: Tensor | None = None

    @property
    def clean(self) -> Tensor:
        """The samples (n, *sample_shape) in the default view, whatever view `samples` is."""
        return self.samples if self.default_view is None else self.default_view


_PRESENCE = "_presence_of_objects"


def with_presence(samples: Tensor, is_present: Tensor) -> Tensor:
    """Return sets (b, n, ...), which carry from now on which of their objects (b, n) are present.

    Mappings pass it on with their outputs.
    """
    setattr(samples, _PRESENCE, is_present)
    return samples


def presence_of(samples: Tensor) -> Tensor | None:
    """Return which objects (b, n) of sets are present, None if all are."""
    return getattr(samples, _PRESENCE, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemBatch(Batch):
    """Clustering problems: sets of objects with their known partitions.

    Only data sets of problems have such batches, and only patterns whose schema has the `x-batch`
    `problems` run on them. `samples` and views are (b, n, *object_shape), b problems of up to n
    objects each; `indices` are the numbers of the problems. Objects that fill up a shorter set are
    0 and come last; layers that look at whole sets leave them out.

    partition: (b, n) int64, the cluster of each object, numbered from 0 without gaps; -1 for
        objects that fill up.
    same_share: expected share of pairs of objects in the same cluster, over the problems of the
        data set; NaN in batches of a data pass.
    """

    partition: Tensor
    same_share: float


def problems_in(batch: Batch) -> ProblemBatch:
    """Return a batch of clustering problems as one.

    Raises:
        TypeError: it has samples; validation refuses such methods.
    """
    if not isinstance(batch, ProblemBatch):
        raise TypeError("the batch has samples, not clustering problems")
    return batch


@dataclass(frozen=True, slots=True)
class DatasetPass:
    """A pass over a data set in batches of the default view.

    Modules are in evaluation mode and no gradient is kept. Memory beyond the result does not grow
    with the number of samples.

    n_samples: N, of the whole data set.
    run: applies a function to the samples at (m,) indices and returns its rows in this order, on
        the device of the computation.
    """

    n_samples: int
    run: Callable[[Callable[[Batch], Tensor], Tensor], Tensor]

    def __call__(
        self, function: Callable[[Batch], Tensor], indices: Tensor | None = None
    ) -> Tensor:
        """Return (m, ...): `function` of the samples at `indices`, (m,) int64, or of all."""
        return self.run(function, torch.arange(self.n_samples) if indices is None else indices)


@dataclass(frozen=True, slots=True)
class DatasetRows:
    """A lazy matrix with one row per sample. Indexing computes the rows.

    data_pass: the pass over the data set that computes them.
    function: maps samples (n, *sample_shape) to their rows (n, d).
    """

    data_pass: DatasetPass
    function: Callable[[Tensor], Tensor]

    def __len__(self) -> int:
        """Return the number of rows, N."""
        return self.data_pass.n_samples

    def __getitem__(self, indices: Tensor) -> Tensor:
        """Compute the rows (m, d) at `indices`, (m,) int64."""
        return self.data_pass(lambda batch: self.function(batch.samples), indices)
