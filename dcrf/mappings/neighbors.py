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

    def mine_once(self, data_pass: DatasetPass, key: str = "num_neighbors") -> None:
        """Mine the neighbors exactly, in the features of now, unless they are known.

        Args:
            data_pass: over the data set, in the default view.
            key: of the number of neighbors in the entry.

        Raises:
            OptionError: the data set has fewer other samples than neighbors.
        """
        if self.indices is not None:
            return
        if self.number >= data_pass.n_samples:
            raise OptionError(
                key,
                f"{self.number} neighbors of each sample need at least {self.number + 1} samples, "
                f"but the data set has {data_pass.n_samples}",
            )
        features = data_pass(lambda batch: self.features(batch.samples))
        self.indices = nearest_neighbors(features, self.number, self.metric)

    def draw(self, samples: Tensor) -> Tensor:
        """Draw a neighbor (n, 1) of each sample at the indices `samples`, (n,)."""
        if self.indices is None:
            raise RuntimeError("before_iteration has not been called: it mines the neighbors")
        rows = samples.to(self.indices.device)
        draws = torch.randint(self.number, rows.shape, generator=self.generator)
        # in the order of the indices, so that a draw does not depend on the place in the batch
        draws = draws.to(rows.device)[rows.argsort().argsort()]
        return self.indices[rows, draws].unsqueeze(1)
