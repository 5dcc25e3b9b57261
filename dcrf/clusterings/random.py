"""Random clusters, as a baseline."""

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import Clustering, FeatureRows, Fitted, bounded_rows
from dcrf.functional.assignments import hard_log_assignments
from dcrf.randomness import draw_seed

_TURNS = 256.0
"""Standard deviation of the projections. Their fractions are then uniform, and independent for
samples that differ, while rounding of features changes hardly any."""


class Random(Clustering):
    """Uniformly random clusters of equal expected size.

    New samples: a random cluster, like all samples. It is a pseudo-random function of the features,
    so a sample keeps its cluster from pass to pass, and equal samples have the same one.
    """

    def unfitted(self) -> "_RandomFunction":
        """Return a result without clusters."""
        return _RandomFunction(torch.empty(0), torch.empty(0, dtype=torch.int64))

    def fit_rows(
        self, rows: FeatureRows, n_clusters: int, generator: Generator
    ) -> "_RandomFunction":
        """Return a random function of the features."""
        values = bounded_rows(rows, n_clusters, draw_seed(generator)).double()
        direction = torch.randn(values.shape[1], generator=generator, dtype=torch.float64)
        direction = direction.to(values.device)
        spread = (values @ direction).std(correction=0)
        if spread > 0:
            direction *= _TURNS / spread
        order = torch.randperm(n_clusters, generator=generator).to(values.device)
        return _RandomFunction(direction, order)


class _RandomFunction(Fitted):
    """Assigns a sample by the fraction of its projection on a direction.

    Args:
        direction: (d,) float64, so long that the projections are spread over many integers.
        order: (k,) a permutation of the clusters.
    """

    direction: Tensor
    order: Tensor

    def __init__(self, direction: Tensor, order: Tensor) -> None:
        super().__init__()
        self.register_buffer("direction", direction.double())
        self.register_buffer("order", order)

    @property
    def n_clusters_found(self) -> int:
        """The number of clusters, k."""
        return len(self.order)

    def log_assignments(self, features: Tensor) -> Tensor:
        """Return (n, k): 0 for the cluster of features (n, d), minus infinity for others."""
        k = self.n_clusters_found
        fractions = (features.double() @ self.direction.double()).remainder(1.0)
        clusters = self.order[(fractions * k).long().clamp_max(k - 1)]
        return hard_log_assignments(clusters, k).to(features.dtype)
