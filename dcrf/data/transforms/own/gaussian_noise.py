"""Gaussian noise on every feature."""

import torch
from torch import Generator, Tensor

from dcrf.data.transforms.own.base import BatchTransform, check_number


class GaussianNoise(BatchTransform):
    """Adds independent normal noise to every feature.

    Shapes:
        (n, *sample_shape) -> (n, *sample_shape)

    Args:
        std: standard deviation of the noise, at least 0, in the unit of the samples.

    Raises:
        ValueError: `std` is not a number from 0.

    Source: Vincent et al., JMLR 2010, section 3.3, https://jmlr.org/papers/v11/vincent10a.html
    """

    def __init__(self, *, std: float) -> None:
        self.std = check_number("std", std, 0)

    def apply(self, samples: Tensor, generator: Generator) -> Tensor:
        """Return the samples with noise."""
        noise = torch.randn(samples.shape, generator=generator).to(samples)
        return torch.add(samples, noise, alpha=self.std)
