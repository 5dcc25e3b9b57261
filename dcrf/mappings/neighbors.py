"""Nearest neighbors of samples in feature space, one of which accompanies each sample."""

import torch
from torch import Generator, Tensor

from dcrf.batch import DatasetPass
from dcrf.errors import OptionError
from dcrf.functional.neighbors import nearest_neighbors
from dcrf.mappings.features import Features
from dcrf.mappings.late_buffers import LateBuffers


class NeighborDraws(LateBuffers):
    """Mines the nearest neighbors of all samples once, and draws one of them for each sample.

    indices: (N, number) int64 of the neighbors, None before `mine_once`. They are part of the
        state, so that a checkpoint keeps them.

    Args:
        features: in which neighbors are near.
        number: of neighbors of each sample, without itself.
        metric: `cosine` or `euclidean`.
        generator: draws the neighbors.
    """

    late_buffers = ("indices",)
    indices: Tensor | None

    def __init__(self, features: Features, number: int, metric: str, generator: Generator) -> None:
        super().__init__()
        self.features, self.number, self.metric = features, number, metric
        self.generator = generator

    def mine_once(
        self, data_pass: DatasetPass, key: str = "num_neighbors", *, leaves_others: bool = False
    ) -> None:
        """Mine the neighbors exactly, in the features of now, unless they are known.

        Args:
            data_pass: over the data set, in the default view.
            key: of the number of neighbors in the entry.
            leaves_others: whether some other samples must be no neighbors, for `draw_other`.

        Raises:
            OptionError: the data set has too few samples.
        """
        if self.indices is not None:
            return
        least = self.number + 1 + leaves_others
        if least > data_pass.n_samples:
            others = " and others" if leaves_others else ""
            raise OptionError(
                key,
                f"{self.number} neighbors of each sample{others} need at least {least} samples, "
                f"but the data set has {data_pass.n_samples}",
            )
        features = data_pass(lambda batch: self.features(batch.samples))
        self.indices = nearest_neighbors(features, self.number, self.metric)

    def draw(self, samples: Tensor) -> Tensor:
        """Draw a neighbor (n, 1) of each sample at the indices `samples`, (n,)."""
        indices = self._mined()
        rows = samples.to(indices.device)
        return indices[rows, self._draws(self.number, rows)].unsqueeze(1)

    def draw_other(self, samples: Tensor) -> Tensor:
        """Draw a sample (n, 1) that is no neighbor of each of the samples at indices (n,)."""
        indices = self._mined()
        rows = samples.to(indices.device)
        drawn = self._draws(len(indices) - 1 - self.number, rows)
        excluded = torch.cat([rows.unsqueeze(1), indices[rows]], dim=1).sort(dim=1).values
        for column in excluded.T:  # number `drawn` of the samples that are left
            drawn = drawn + (drawn >= column)
        return drawn.unsqueeze(1)

    def _mined(self) -> Tensor:
        if self.indices is None:
            raise RuntimeError("before_iteration has not been called: it mines the neighbors")
        return self.indices

    def _draws(self, number: int, rows: Tensor) -> Tensor:
        """Draw an integer below `number` for each of the rows (n,)."""
        draws = torch.randint(number, rows.shape, generator=self.generator)
        # in the order of the indices, so that a draw does not depend on the place in the batch
        return draws.to(rows.device)[rows.argsort().argsort()]
