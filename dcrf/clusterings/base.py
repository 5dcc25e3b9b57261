"""What classical clusterings share: rows made on demand, checks, and the order of clusters."""

from typing import Protocol

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from dcrf.errors import DataError, DivergedError


class FeatureRows(Protocol):
    """A matrix (n, d) by its rows: a tensor, or one that makes them when they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: Tensor, /) -> Tensor: ...


def check_number(features: FeatureRows, n_clusters: int) -> None:
    """Raise DataError where there are fewer features (n, d) than clusters."""
    if len(features) < n_clusters:
        raise DataError(f"{len(features)} samples cannot form {n_clusters} clusters")


def check_finite(features: Tensor) -> None:
    """Raise DivergedError where features (n, d) are infinite or not numbers."""
    if not torch.stack(features.aminmax()).isfinite().all():  # NaN is carried on by both
        raise DivergedError("the feature representations are not finite")


def feature_width(features: FeatureRows) -> int:
    """Return d of features (n, d)."""
    return first_rows(features).shape[1]


def first_rows(features: FeatureRows) -> Tensor:
    """Return the first of some features: two, since a layer may not take one sample alone."""
    return features[torch.arange(min(2, len(features)))]


def match_centers(centers: Tensor, earlier: Tensor) -> Tensor:
    """Reorder centers (k, d) so that each takes the place of the earlier center it continues.

    The places are matched one to one with the least sum of squared distances, so that cluster
    numbers keep their meaning for target distributions and reassignment ratios.
    """
    cost = torch.cdist(earlier.double(), centers.double()).square().cpu().numpy()
    return centers[torch.from_numpy(linear_sum_assignment(cost)[1]).to(centers.device)]
