"""Assigning samples by k-means in one of several subspaces (ENRC, ACeDeC)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import Clustering, all_rows, centers_of, first_rows
from dcrf.errors import OptionError
from dcrf.functional.assignments import nearest_center_log_assignments
from dcrf.functional.cluster_means import cluster_means
from dcrf.functional.nearest_rows import nearest_rows
from dcrf.functional.subspaces import (
    nearest_orthogonal,
    optimal_weights,
    separating_rotation,
    weighted_squared_distances,
)
from dcrf.mappings.features import Features
from dcrf.randomness import RandomStreams
from dcrf.storage.sized_later import SizedLater

_SMALLEST_SCATTER = 1e-12


class Subspaces(Assignment):
    """Hard assignments to the nearest center in the first of several subspaces.

    Features are rotated, and each subspace has a weight for each dimension; the weights of a
    dimension sum to 1. One cluster space beside a shared space of a single center is ACeDeC;
    several cluster spaces, each with another clustering of the same samples, are ENRC. Rotation and
    weights are the trainable parameters of the part `assignment`; the pattern `subspace_k_means`
    moves the centers.

    They start space by space: a clustering in the dimensions left, then a rotation of these whose
    first k - 1 dimensions separate its clusters best and are taken. Weights start at their optimum.

    Formula:
        c(i) = argmin_j sum_l (w_1l (u_il - m_1jl))^2, with the rotated features u

    Args:
        features: maps samples to features (n, d).
        n_clusters: k of the first subspace.
        num_clusters_of_other_subspaces: of each other one; 1 for a shared space.
        clustering: of the features, for the start.
        use_subspaces_during_phases: names of the phases that use the subspaces, which are
            initialized when the first of them starts.
        streams: of the run.

    Source: Miklautz et al., AAAI 2020, DOI 10.1609/aaai.v34i04.5961 (ENRC); Miklautz et al., IJCAI
        2021, DOI 10.24963/ijcai.2021/387 (ACeDeC).
    """

    def __init__(
        self,
        *,
        features: Features,
        n_clusters: int,
        num_clusters_of_other_subspaces: Sequence[int],
        clustering: Clustering,
        use_subspaces_during_phases: Sequence[str],
        streams: RandomStreams,
    ) -> None:
        super().__init__()
        self.feature_module = features
        self.clustering, self.streams = clustering, streams
        self.phases = frozenset(use_subspaces_during_phases)
        self.subspaces = _Parameters([n_clusters, *num_clusters_of_other_subspaces])

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k): 0 for the nearest center in the first subspace, minus infinity else."""
        self.check_ready()
        own, weights = self.subspaces, self.subspaces.weights().detach()[0]
        features = self.features(samples)
        rows = features @ own.rotation.detach() * weights
        return nearest_center_log_assignments(rows, own.split(own.centers)[0] * weights)

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def cluster_centers(self) -> Tensor:
        """Return the centers (k, d) of the first subspace, in the space of the features."""
        own = self.subspaces
        return own.split(own.centers)[0] @ own.rotation.detach().T

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.subspaces.is_initialized:
            return None
        return "the subspaces are not initialized yet (see use_subspaces_during_phases)"

    def owned(self) -> nn.Module:
        """Return the parameters of the subspaces, and the statistics of standardized features."""
        return self.feature_module.with_statistics("subspaces", self.subspaces)

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Initialize the subspaces, if this is the first phase that uses them.

        Raises:
            OptionError: the features have fewer dimensions than there are subspaces.
        """
        if place.phase not in self.phases:
            return
        if self.subspaces.is_initialized:
            self.feature_module.measure_once(data_pass)  # for parameters that a file has set
            return
        rows = self.feature_module.rows(data_pass)
        probe, sizes = first_rows(rows), self.subspaces.sizes
        width = probe.shape[1]
        if width < len(sizes):
            message = f"{len(sizes)} subspaces need as many feature dimensions, not {width}"
            raise OptionError("num_clusters_of_other_subspaces", message)
        if probe.is_meta:
            self.clustering.fit(rows, sizes[0], torch.Generator())
            centers = probe.new_empty(sum(sizes), width)
            self.subspaces.set_values(probe.new_empty(width, width), centers, centers[: len(sizes)])
            return
        self.subspaces.set_values(*self._start(all_rows(rows).double(), place))

    def _start(self, rows: Tensor, place: Place) -> tuple[Tensor, Tensor, Tensor]:
        """Return rotation (d, d), centers (sum of k_s, d) and weights (s, d)."""
        generator = self.streams.generator("subspaces", place.dataset)
        sizes, width = self.subspaces.sizes, rows.shape[1]
        rotation, taken = torch.eye(width, dtype=rows.dtype, device=rows.device), 0
        assigned: list[Tensor] = []
        for number, size in enumerate(sizes):
            left = rows @ rotation[:, taken:]
            if size == 1:
                assigned.append(torch.zeros(len(rows), dtype=torch.int64, device=rows.device))
                continue
            fitted = self.clustering.fit(left, size, generator)
            centers = centers_of(fitted, left, size).to(left)
            assigned.append(nearest_rows(left, centers)[0])
            rotation[:, taken:] = rotation[:, taken:] @ separating_rotation(
                left, assigned[-1], centers
            )
            taken += min(size - 1, width - taken - (len(sizes) - 1 - number))
        rotated = rows @ rotation
        mean = rotated.mean(dim=0, keepdim=True)
        means = [
            cluster_means(rotated, clusters, mean.expand(size, -1))
            for size, clusters in zip(sizes, assigned, strict=True)
        ]
        scatters = [
            (rotated - own[clusters]).square().mean(dim=0)
            for own, clusters in zip(means, assigned, strict=True)
        ]
        weights = optimal_weights(torch.stack(scatters).clamp_min(_SMALLEST_SCATTER))
        return rotation, torch.cat(means), weights


class _Parameters(SizedLater):
    """The parameters of s subspaces: of width 0 until they are initialized.

    rotation: (d, d), orthogonal.
    logits: (s, d), of the weights.
    centers: (sum of k_s, d), of one subspace after the other, in the rotated space.

    Args:
        sizes: k_s, the number of clusters of each subspace.
    """

    centers: Tensor

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.rotation = nn.Parameter(torch.empty(0, 0))
        self.logits = nn.Parameter(torch.empty(len(sizes), 0))
        self.register_buffer("centers", torch.empty(sum(sizes), 0))

    @property
    def is_initialized(self) -> bool:
        """Whether the parameters have been set."""
        return self.centers.shape[1] > 0

    def set_values(self, rotation: Tensor, centers: Tensor, weights: Tensor) -> None:
        """Set rotation (d, d), centers (sum of k_s, d) and weights (s, d)."""
        self.rotation.data = rotation.detach().clone().to(self.rotation)
        self.logits.data = weights.detach().log().to(self.logits)
        self.centers = centers.detach().clone().to(self.centers)

    def weights(self) -> Tensor:
        """Return the weights (s, d); those of a dimension sum to 1."""
        return self.logits.softmax(dim=0)

    def split(self, rows: Tensor) -> list[Tensor]:
        """Return the rows of each subspace of (sum of k_s, ...)."""
        return list(rows.split(self.sizes))

    def nearest_centers(self, rows: Tensor) -> list[Tensor]:
        """Return the cluster (n,) in each subspace of rotated features (n, d)."""
        pairs = zip(self.split(self.centers), self.weights().detach(), strict=True)
        return [weighted_squared_distances(rows, *pair).argmin(dim=1) for pair in pairs]

    def make_orthogonal(self) -> None:
        """Replace the rotation by the nearest orthogonal matrix."""
        self.rotation.data = nearest_orthogonal(self.rotation.detach())
