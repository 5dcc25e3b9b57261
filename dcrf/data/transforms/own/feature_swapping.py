"""Replacement of random features by those of other samples."""

import torch
from torch import Generator, Tensor

from dcrf.data.transforms.own.base import BatchTransform, check_number


class FeatureSwapping(BatchTransform):
    """Replaces each feature, with a probability, by that of another random sample of its batch.

    Every replaced feature has a random sample of its own, and keeps its place: a number of column 3
    is replaced by one of column 3. A sample alone in its batch does not change.

    Shapes:
        (n, *sample_shape) -> (n, *sample_shape)

    Args:
        p: probability of each feature, 0 to 1.

    Raises:
        ValueError: `p` is not a number from 0 to 1.

    Source: SCARF, algorithm 1, with samples of the batch in place of all,
    https://arxiv.org/abs/2106.15147
    """

    needs_others = True

    def __init__(self, *, p: float) -> None:
        self.p = check_number("p", p, 0, 1)

    def apply(self, samples: Tensor, generator: Generator) -> Tensor:
        """Return the samples with replaced features."""
        n = len(samples)
        if n == 1:
            return samples
        is_replaced = torch.rand(samples.shape, generator=generator) < self.p
        distances = torch.randint(1, n, samples.shape, generator=generator)
        own = torch.arange(n).view(-1, *[1] * (samples.ndim - 1))
        donors = torch.where(is_replaced, (own + distances) % n, own)
        return samples.gather(0, donors.to(samples.device))
