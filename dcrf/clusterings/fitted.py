"""Results that several clusterings share: the nearest sample, and a mixture."""

import math

import torch
from torch import Tensor

from dcrf.clusterings.base import Fitted
from dcrf.functional.assignments import hard_log_assignments
from dcrf.functional.mixtures import mixture_log_assignments, normal_log_densities
from dcrf.functional.nearest_rows import nearest_rows


class NearestSample(Fitted):
    """Hard assignments to the cluster of the nearest of the samples that were clustered.

    Args:
        samples: (m, d), all samples of the fit, or those that decide about others.
        clusters: (m,) int64 of the samples, -1 for noise. Noise is passed on like a cluster.
        n_clusters: k.
        radius: samples farther than this from all of them are noise.
    """

    samples: Tensor
    clusters: Tensor
    sizes: Tensor
    radius: Tensor

    def __init__(
        self, samples: Tensor, clusters: Tensor, n_clusters: int, radius: float = math.inf
    ) -> None:
        super().__init__()
        self.register_buffer("radius", torch.tensor(radius, dtype=torch.float64))
        self.register_buffer("samples", samples)
        self.register_buffer("clusters", clusters)
        # (k,) samples in each cluster; its length is the number of clusters
        sizes = torch.zeros(n_clusters, dtype=torch.int64, device=clusters.device)
        sizes.scatter_add_(0, clusters.clamp_min(0), (clusters >= 0).long())
        self.register_buffer("sizes", sizes)

    @classmethod
    def unfitted(cls) -> "NearestSample":
        """Return one without samples."""
        return cls(torch.empty(0, 0), torch.empty(0, dtype=torch.int64), 0)

    @property
    def n_clusters_found(self) -> int:
        """The number of clusters, k."""
        return len(self.sizes)

    def log_assignments(self, features: Tensor) -> Tensor:
        """Return (n, k): 0 for the cluster of features (n, d), minus infinity for others."""
        nearest, distances = nearest_rows(features, self.samples)
        clusters = self.clusters[nearest].where(distances <= self.radius, -1)
        return hard_log_assignments(clusters, self.n_clusters_found).to(features.dtype)


class FittedMixture(Fitted):
    """Soft assignments by a mixture of normal distributions.

    Args:
        means: (k, d).
        factors: of the covariances, as `normal_log_densities` takes them, or one for all.
        log_weights: (k,).
    """

    centers: Tensor
    factors: Tensor
    log_weights: Tensor

    def __init__(self, means: Tensor, factors: Tensor, log_weights: Tensor) -> None:
        super().__init__(means)
        self.register_buffer("factors", factors.double())
        self.register_buffer("log_weights", log_weights.double())

    @classmethod
    def unfitted(cls) -> "FittedMixture":
        """Return one without components."""
        return cls(torch.empty(0, 0), torch.empty(0), torch.empty(0))

    @property
    def n_clusters_found(self) -> int:
        """The number of components, k."""
        return len(self.centers)

    def log_assignments(self, features: Tensor) -> Tensor:
        """Return (n, k) log posterior probabilities of features (n, d), computed in float64."""
        factors = self.factors.double()
        log_densities = normal_log_densities(
            features.double(),
            self.centers.double(),
            factors.expand(len(self.centers), *factors.shape[1:]),
        )
        log_weights = self.log_weights.double()
        return mixture_log_assignments(log_densities, log_weights).to(features.dtype)
