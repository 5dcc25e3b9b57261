"""Batches and passes over a data set that have a shape and no content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dcrf.batch import Batch, Sweep
from dcrf.builder.samples import DEFAULT
from dcrf.builder.shapes import Trail
from dcrf.training.method import Method

META = torch.device("meta")
_SWEEP_BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class BlankData:
    """Stands for a data source.

    shapes: of a sample, by view.
    n_samples: N, None where it is not known.
    batch_size, drop_last: as in the file.
    method: its parts are in evaluation mode while a pass runs.
    trail: gets to know the samples.
    """

    shapes: Mapping[str, tuple[int, ...]]
    n_samples: int | None
    batch_size: int
    drop_last: bool
    method: Method
    trail: Trail

    def batch_sizes(self) -> list[int]:
        """Return the different sizes of the batches of an epoch."""
        size, total = self.batch_size, self.n_samples
        if total is None or self.drop_last:
            return [size]
        whole, rest = divmod(total, size)
        sizes = [size] * min(whole, 2) + [rest] * bool(rest)
        if rest == 1 and whole:
            sizes = [*sizes[:-2], size + 1]
        return list(dict.fromkeys(sizes))

    def batches_per_epoch(self) -> int | None:
        """Return their number, None where it is not known."""
        if self.n_samples is None:
            return None
        whole, rest = divmod(self.n_samples, self.batch_size)
        joins = rest == 1 and whole > 0
        return whole + (0 if self.drop_last or not rest or joins else 1)

    def batch(self, size: int) -> Batch:
        """Return a batch of so many samples."""
        made = {v: torch.empty(size, *shape, device=META) for v, shape in self.shapes.items()}
        self.trail.start(made)
        indices = torch.empty(size, dtype=torch.int64, device=META)
        return Batch(indices, made.pop(DEFAULT), made)

    def sweep(self) -> Sweep:
        """Return a pass over the data set whose rows have no content either."""
        size = self.n_samples or max(self.batch_size, _SWEEP_BATCH_SIZE)

        def run(function: Callable[[Batch], Tensor], _: Tensor) -> Tensor:
            was_training = self.method.training
            self.method.eval()
            with torch.no_grad():
                part = function(self.batch(min(size, max(self.batch_size, _SWEEP_BATCH_SIZE))))
            self.method.train(was_training)
            return part.new_empty(size, *part.shape[1:])

        return Sweep(size, run)

    def zeros(self, size: int) -> Sweep:
        """Return a pass over so many samples whose rows are zeros, for what needs content."""
        sweep = self.sweep()

        def run(function: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
            return torch.zeros(len(indices), *sweep(function).shape[1:])

        return Sweep(size, run)
