"""A random order from a buffer of fixed size, as in TensorFlow."""

import torch
from torch import Generator, Tensor

from dcrf.data.sampling.base import Sampling


class ShuffleBuffer(Sampling):
    """Draws each sample from a buffer that the next sample by index then refills.

    A sample comes at most `buffer_size` - 1 places before its index, and any number of places
    after it: the order is random within a distance, not on the whole.

    Args:
        buffer_size: number of samples in the buffer, at least 1. As many as the data set has
            shuffle it completely.

    Source: tf.data.Dataset.shuffle, https://www.tensorflow.org/api_docs/python/tf/data/Dataset
    """

    is_fixed = False

    def __init__(self, *, buffer_size: int) -> None:
        self.buffer_size = buffer_size

    def order(self, n_samples: int, generator: Generator, clusters: Tensor | None) -> Tensor:
        """Return a random permutation (n_samples,)."""
        size = min(self.buffer_size, n_samples)
        sizes = torch.arange(n_samples, 0, -1).clamp_max(size)
        draws = torch.rand(n_samples, generator=generator, dtype=torch.float64)
        buffer = list(range(size))
        order = []
        for place in (draws * sizes).long().tolist():
            order.append(buffer[place])
            following = len(order) - 1 + size
            last = buffer.pop() if following >= n_samples else following
            if place < len(buffer):
                buffer[place] = last
        return torch.tensor(order)
