"""Batches and passes over a data set that have a shape and no content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dcrf.batch import Batch, DatasetPass
from dcrf.data.batch_order import Loading, batch_sizes, pass_batch_size, pass_sizes
from dcrf.dry_run.expected_data import DEFAULT
from dcrf.dry_run.module_trace import Trail
from dcrf.training.method import Method

META = torch.device("meta")


@dataclass(frozen=True, slots=True)
class BlankData:
    """Stands for a data source.

    shapes: of a sample, by view.
    n_samples: N, None where it is not known.
    loading: how samples become batches.
    method: its parts are in evaluation mode while a pass runs.
    trail: gets to know the samples.
    """

    shapes: Mapping[str, tuple[int, ...]]
    n_samples: int | None
    loading: Loading
    method: Method
    trail: Trail

    def batch_sizes(self) -> list[int]:
        """Return the different sizes of the batches of an epoch."""
        if self.n_samples is None:
            return [self.loading.batch_size]
        sizes = list(dict.fromkeys(batch_sizes(self.n_samples, self.loading)))
        return sizes or [self.loading.batch_size]  # too few samples are a problem of their own

    def batches_per_epoch(self) -> int | None:
        """Return their number, None where it is not known."""
        n_samples = self.n_samples
        return None if n_samples is None else len(batch_sizes(n_samples, self.loading)) or None

    def batch(self, size: int) -> Batch:
        """Return a batch of so many samples."""
        made = {v: torch.empty(size, *shape, device=META) for v, shape in self.shapes.items()}
        self.trail.start(made)
        indices = torch.empty(size, dtype=torch.int64, device=META)
        return Batch(indices, made.pop(DEFAULT), made)

    def data_pass(self) -> DatasetPass:
        """Return a pass over the data set whose rows have no content either."""
        size = self.n_samples or pass_batch_size(self.loading)

        def run(function: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
            was_training = self.method.training
            self.method.eval()
            try:
                with torch.no_grad():
                    for of_batch in dict.fromkeys(pass_sizes(len(indices), self.loading)):
                        part = function(self.batch(of_batch))
            finally:
                self.method.train(was_training)
            return part.new_empty(len(indices), *part.shape[1:])

        return DatasetPass(size, run)
