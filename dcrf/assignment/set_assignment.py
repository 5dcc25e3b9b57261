"""Base class of assignments that partition sets of objects."""

import torch
from torch import Tensor

from dcrf.assignment.base import Assignment


class SetAssignment(Assignment):
    """Maps sets (b, n, *object_shape) to log-assignments (b, n, K) of their objects.

    Clusters have numbers within their set only.

    n_clusters: K, the greatest number of clusters.
    """

    n_clusters: int

    def count_log_probabilities(self, sets: Tensor) -> Tensor:
        """Return (b, K): log P(k) for k from 1 to K. Subclasses implement this."""
        raise NotImplementedError

    def index_log_probabilities(self, sets: Tensor) -> Tensor:
        """Return (b, n, K, K): [.., k - 1, l] is log P(l | x, k), minus infinity for l >= k.

        Subclasses implement this.
        """
        raise NotImplementedError

    def given(self, sets: Tensor, n_clusters: Tensor) -> Tensor:
        """Return (b, n, K) log-assignments for numbers of clusters (b,) from 1 to K."""
        chosen = (n_clusters - 1)[:, None, None, None]
        log_probabilities = self.index_log_probabilities(sets)
        places = chosen.expand(-1, log_probabilities.shape[1], 1, log_probabilities.shape[3])
        return log_probabilities.gather(2, places).squeeze(2)

    def assign(self, samples: Tensor) -> Tensor:
        """Return (b, n, K) log-assignments for the most probable number of clusters."""
        return self.given(samples, self.count_log_probabilities(samples).argmax(dim=1) + 1)

    def features(self, samples: Tensor) -> Tensor:
        """Return the probabilities (b, K) of the numbers of clusters."""
        return self.count_log_probabilities(samples).exp()

    def clusters(self, samples: Tensor) -> Tensor:
        """Return (b, n) int64, the most probable cluster of each object."""
        return torch.argmax(self(samples), dim=2)
