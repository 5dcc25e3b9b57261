"""Batches, clocks and data passes, shared by data, design patterns and training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor


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
