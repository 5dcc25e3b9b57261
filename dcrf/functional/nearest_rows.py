"""Nearest rows of a set of points."""

import torch
from torch import Tensor

_CHUNK_VALUES = 2**24


def nearest_rows(features: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Return the nearest point of each row, by Euclidean distance.

    Candidates are compared by |p|^2 - 2 f p in float64, relative to the mean of the points, so that
    points far from the origin keep their digits. Memory grows with n + m, not with n m.

    Args:
        features: (n, d).
        points: (m, d), m >= 1.

    Returns:
        (n,) int64 indices of points, and (n,) unsquared distances to them, from differences.
    """
    center = points.double().mean(dim=0)
    others = points.double() - center
    squares = others.square().sum(dim=1)
    chunk = max(_CHUNK_VALUES // len(points), 1)
    # an exported graph takes any number of rows, so it cannot have a number of chunks
    chunks = [features] if torch.compiler.is_exporting() else features.split(chunk)
    nearest = torch.cat(
        [(squares - 2 * (rows.double() - center) @ others.T).argmin(dim=1) for rows in chunks]
    )
    return nearest, (features - points[nearest]).square().sum(dim=1).sqrt()
