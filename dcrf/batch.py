"""The words that data, design patterns and training share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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


Sweep = Callable[[Callable[[Batch], Tensor]], Tensor]
"""Apply a function to the whole data set in batches of the default view.

Networks are in evaluation mode and no gradient is kept. Rows come back in index order, on the
device they were computed on.
"""
