"""The words that data, design patterns and training share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """One iteration's samples. It holds no labels, so no pattern can learn from them.

    indices: (n,) int64, each sample's place in the data set.
    samples: (n, *sample_shape), the default view, or the view that a pattern names.
    views: (n, *sample_shape) each, row i a view of sample i. A data source fills it by the
        name of the view; a design pattern finds its own views in it by their role.
    """

    indices: Tensor
    samples: Tensor
    views: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a phase stands. Both counters start at 1; `epoch_ends` in an epoch's last iteration."""

    epoch: int
    iteration: int
    epoch_ends: bool = False

    def due(self, interval: int) -> bool:
        """Whether something done after every `interval` iterations is due now."""
        return self.iteration % interval == 0


@dataclass(frozen=True, slots=True)
class DatasetPass:
    """A pass over a data set in batches of the default view.

    Networks are in evaluation mode and no gradient is kept. Memory beyond the result does not
    grow with the number of samples.

    n_samples: N, of the whole data set.
    run: applies a function to the samples at (m,) indices; returns its rows in their order, on
        the device they were computed on.
    """

    n_samples: int
    run: Callable[[Callable[[Batch], Tensor], Tensor], Tensor]

    def __call__(
        self, function: Callable[[Batch], Tensor], indices: Tensor | None = None
    ) -> Tensor:
        """Return (m, ...): `function` of the samples at `indices`, (m,) int64; all by default."""
        return self.run(function, torch.arange(self.n_samples) if indices is None else indices)


@dataclass(frozen=True, slots=True)
class DatasetRows:
    """A matrix of one row per sample that is never held as a whole: rows are made when asked for.

    data_pass: the pass over the data set that makes them.
    function: maps samples (n, *sample_shape) to their rows (n, d).
    """

    data_pass: DatasetPass
    function: Callable[[Tensor], Tensor]

    def __len__(self) -> int:
        """Return the number of rows, N."""
        return self.data_pass.n_samples

    def __getitem__(self, indices: Tensor) -> Tensor:
        """Return the rows (m, d) at `indices`, (m,) int64."""
        return self.data_pass(lambda batch: self.function(batch.samples), indices)
