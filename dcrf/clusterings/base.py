"""Base class of classical clusterings, and the functions that they share."""

from typing import Protocol

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from dcrf.errors import DivergedError, TooFewSamplesError


class FeatureRows(Protocol):
    """Features (n, d), read by row: a tensor, or an object that computes rows on demand."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: Tensor, /) -> Tensor: ...


class Clustering:
    """A classical clustering method. Subclasses implement `find_centers`."""

    def __call__(
        self, features: FeatureRows, n_clusters: int, num_restarts: int, seed: int
    ) -> Tensor:
        """Cluster features (n, d); return the centers (k, d) of the best restart.

        Features on torch's meta device have a shape only, and so do their centers.

        Raises:
            TooFewSamplesError: fewer samples than clusters.
            DivergedError: NaN or infinite features.
        """
        if len(features) < n_clusters:
            raise TooFewSamplesError(f"{len(features)} samples cannot form {n_clusters} clusters")
        probe = first_rows(features)
        if probe.is_meta:
            return probe.new_empty(n_clusters, probe.shape[1])
        return self.find_centers(features, n_clusters, num_restarts, seed)

    def find_centers(
        self, features: FeatureRows, n_clusters: int, num_restarts: int, seed: int
    ) -> Tensor:
        """Return the centers (k, d) of at least k features (n, d) that hold values."""
        raise NotImplementedError


def check_finite(features: Tensor) -> None:
    """Raise DivergedError if features (n, d) contain NaN or infinity; on the meta device, never."""
    if features.is_meta:
        return
    if not torch.stack(features.aminmax()).isfinite().all():  # both propagate NaN
        raise DivergedError("the feature representations are not finite")


def feature_width(features: FeatureRows) -> int:
    """Return d of features (n, d)."""
    return first_rows(features).shape[1]


def first_rows(features: FeatureRows) -> Tensor:
    """Return the first two rows (one if n is 1): BatchNorm rejects a batch of one sample."""
    return features[torch.arange(min(2, len(features)))]


def match_centers(centers: Tensor, previous: Tensor) -> Tensor:
    """Reorder centers (k, d) so that row i continues row i of the previous centers (k, d).

    The matching is one-to-one and minimizes the sum of squared distances. Cluster numbers thus
    keep their meaning for target distributions and reassignment ratios.
    """
    # cdist expands the square above 25 rows unless told not to, and then loses digits
    distances = torch.cdist(
        previous.double(), centers.double(), compute_mode="donot_use_mm_for_euclid_dist"
    )
    order = linear_sum_assignment(distances.square().cpu().numpy())[1]
    return centers[torch.from_numpy(order).to(centers.device)]
