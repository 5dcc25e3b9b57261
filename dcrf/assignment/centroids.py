"""Feature-space centroids: one parameter, whatever fills it."""

import torch
from torch import Tensor, nn


class Centroids(nn.Module):
    """The centroids of a method, one row per cluster.

    values: (k, d) parameter; (k, 0) until they are initialised. It stays the same object when
        they are recalculated, so an optimizer goes on with it.
    """

    def __init__(self, n_clusters: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.empty(n_clusters, 0))

    @property
    def are_initialised(self) -> bool:
        """Whether there are any values yet."""
        return self.values.shape[1] > 0

    def assign(self, values: Tensor) -> None:
        """Put new values (k, d) in place of the old ones."""
        self.values.data = values.detach().clone().to(self.values.device)
