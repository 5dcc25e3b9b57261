"""The contract of transforms of our own."""

from math import inf
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor


class BatchTransform:
    """A random transform of whole batches of float tensors; a single sample is a batch of one.

    needs_others: whether a sample changes by the other samples of its batch. Such a transform never
        runs on the samples of a batch one by one.
    """

    needs_others: ClassVar[bool] = False

    def apply(self, samples: Tensor, generator: Generator) -> Tensor:
        """Return transformed samples, (n, *sample_shape), and leave `samples` unchanged.

        Args:
            samples: (n, *sample_shape) float, on any device.
            generator: a generator on the CPU, for all draws.
        """
        raise NotImplementedError

    def __call__(self, sample: Any) -> Tensor:
        """Return one transformed sample, drawn by torch's global generator.

        Raises:
            TypeError: the sample is an image instead of a float tensor.
        """
        if not isinstance(sample, Tensor) or not sample.is_floating_point():
            raise TypeError('it takes float tensors; write {"type": "ToTensor"} before it')
        return self.apply(sample.unsqueeze(0), torch.default_generator).squeeze(0)


def check_number(name: str, value: Any, least: float = -inf, largest: float = inf) -> float:
    """Return the value of an argument.

    Raises:
        ValueError: it is not a float32 number from `least` to `largest`.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if (
        not is_number
        or not least <= value <= largest
        or abs(value) > torch.finfo(torch.float32).max
    ):
        bounds = f" from {least:g}" if least > -inf else ""
        bounds += f" to {largest:g}" if largest < inf else ""
        raise ValueError(f"{name} is {value!r}, expected a number{bounds}")
    return float(value)
