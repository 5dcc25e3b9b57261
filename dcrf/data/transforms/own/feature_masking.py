"""Masking of random features."""

import torch
from torch import Generator, Tensor

from dcrf.data.transforms.own.base import BatchTransform, check_number


class FeatureMasking(BatchTransform):
    """Sets each feature to a value with a probability, independently of all others.

    Shapes:
        (n, *sample_shape) -> (n, *sample_shape)

    Args:
        p: probability of each feature, 0 to 1.
        value: the value of masked features.

    Raises:
        ValueError: `p` is not a number from 0 to 1, or `value` is not a number.

    Source: Vincent et al., JMLR 2010, section 3.3, https://jmlr.org/papers/v11/vincent10a.html
    """

    def __init__(self, *, p: float, value: float = 0.0) -> None:
        self.p, self.value = check_number("p", p, 0, 1), check_number("value", value)

    def apply(self, samples: Tensor, generator: Generator) -> Tensor:
        """Return the samples with masked features."""
        is_masked = torch.rand(samples.shape, generator=generator) < self.p
        return samples.masked_fill(is_masked.to(samples.device), self.value)
