"""Base class of samplings."""

import torch
from torch import Generator, Tensor


class Sampling:
    """Chooses the samples of each epoch and their order: by default, all in index order.

    is_fixed: whether every epoch has the same samples in the same order.
    repeats_samples: whether a sample may occur several times in an epoch.
    needs_clusters: whether the order depends on the clusters of the samples.
    """

    is_fixed: bool = True
    repeats_samples: bool = False
    needs_clusters: bool = False

    def order(self, n_samples: int, generator: Generator, clusters: Tensor | None) -> Tensor:
        """Return (n_samples,) int64: the samples of an epoch, in their order.

        Args:
            n_samples: of the data set.
            generator: at the start of a stream of this epoch.
            clusters: (n_samples,) int64 on the CPU, the cluster of each sample when the epoch
                starts, -1 without one. None for a sampling that does not need them, and while
                samples cannot be assigned.
        """
        return torch.arange(n_samples)
