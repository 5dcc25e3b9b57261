"""All samples in random order."""

import torch
from torch import Generator, Tensor

from dcrf.data.sampling.base import Sampling


class Shuffled(Sampling):
    """All samples in a new random order in every epoch."""

    is_fixed = False

    def order(self, n_samples: int, generator: Generator, clusters: Tensor | None) -> Tensor:
        """Return a random permutation (n_samples,)."""
        return torch.randperm(n_samples, generator=generator)
