"""Affine and perspective warps of whole batches, with separate parameters for each image.

Images are float (n, C, H, W). Parameters have one row per image, on the CPU. Each function draws
from the distributions of the torchvision class that its docstring names. Coordinates follow
torchvision's functions for tensors: `grid_sample` with pixel centers at halves.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from dcrf.errors import DataError

_OUTSIDE = 4.0  # a coordinate outside any image, whose edges are at -1 and 1


def draw_uniform(bounds: Sequence[float], n: int, generator: Generator) -> Tensor:
    """Draw (n,) float64 numbers uniformly between two bounds."""
    return torch.empty(n, dtype=torch.float64).uniform_(*bounds, generator=generator)


def draw_integers(low: int, high: Tensor | int, n: int, generator: Generator) -> Tensor:
    """Draw (n,) int64 numbers uniformly from `low` to `high`, both inclusive."""
    return low + (draw_uniform((0, 1), n, generator) * (high - low + 1)).long()


def per_channel(values: float | Sequence[float], images: Tensor) -> Tensor:
    """Return one value, or one per channel of images (n, C, H, W), as a tensor (1, 1|C, 1, 1).

    Raises:
        DataError: the number of values differs from the number of channels.
    """
    channels = torch.tensor(values, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
    if channels.shape[1] not in (1, images.shape[1]):
        raise DataError(f"expected 1 or {images.shape[1]} channel values, got {channels.shape[1]}")
    return channels


def affine_matrices(
    angle: Tensor, translation: Tensor, scale: Tensor, shear: Tensor, center: Tensor
) -> Tensor:
    """Return the inverse matrices (n, 2, 3), from coordinates in the result to those in the image.

    The forward transform is a shear, a scaling and a rotation about `center`, then a translation.

    Args:
        angle: (n,) degrees, clockwise.
        translation: (n, 2) pixels to the right and down.
        scale: (n,) factors.
        shear: (n, 2) degrees along x and along y.
        center: (2,) pixels from the middle of the image.
    """
    angle, (shear_x, shear_y) = angle.deg2rad(), shear.deg2rad().unbind(1)
    a = torch.cos(angle - shear_y) / torch.cos(shear_y)
    b = -a * torch.tan(shear_x) - torch.sin(angle)
    c = torch.sin(angle - shear_y) / torch.cos(shear_y)
    d = -c * torch.tan(shear_x) + torch.cos(angle)
    inverse = torch.stack([d, -b, -c, a], dim=1).view(-1, 2, 2) / scale.view(-1, 1, 1)
    offset = center.view(1, 2, 1) - inverse @ (center + translation).unsqueeze(2)
    return torch.cat([inverse, offset], dim=2)


def affine_grid(matrices: Tensor, images: Tensor) -> Tensor:
    """Return the sampling grid (n, H, W, 2) of `affine_matrices`; edges are at -1 and 1."""
    height, width = images.shape[2:]
    edges = torch.tensor([[width / 2], [height / 2]], dtype=matrices.dtype)
    x, y = torch.arange(width) + 0.5 - width / 2, torch.arange(height) + 0.5 - height / 2
    return _linear_maps(matrices / edges, x.to(images), y.to(images)).permute(0, 2, 3, 1)


def draw_corners(shape: torch.Size, distortion: float, generator: Generator) -> Tensor:
    """Draw the positions to which RandomPerspective moves the corners: (n, 4, 2) pixels, x and y.

    The order is clockwise from the top left.
    """
    n, _, height, width = shape
    reach_x, reach_y = int(distortion * (width // 2)), int(distortion * (height // 2))
    left, right = (0, reach_x), (width - reach_x - 1, width - 1)
    top, bottom = (0, reach_y), (height - reach_y - 1, height - 1)
    ranges = (left, top, right, top, right, bottom, left, bottom)
    drawn = [draw_integers(low, high, n, generator) for low, high in ranges]
    return torch.stack(drawn, dim=1).view(n, 4, 2)


def perspective_grid(corners: Tensor, images: Tensor) -> Tensor:
    """Return the sampling grid (n, H, W, 2) that moves the images' corners to `corners` (n, 4, 2).

    Collinear corners map nearly all coordinates outside the image. The grid is finite nevertheless.
    """
    height, width = images.shape[2:]
    matrices = _perspective_matrices(corners.double(), height, width)
    edges = torch.tensor([[width / 2], [height / 2], [1]], dtype=matrices.dtype)
    x, y = torch.arange(width) + 0.5, torch.arange(height) + 0.5
    maps = _linear_maps(matrices / edges, x.to(images), y.to(images))
    grid = maps[:, :2].div_(maps[:, 2:]).sub_(1)
    grid.nan_to_num_(_OUTSIDE).clamp_(-_OUTSIDE, _OUTSIDE)
    return grid.permute(0, 2, 3, 1)


def warp(images: Tensor, grid: Tensor, mode: str, fill: float | Sequence[float]) -> Tensor:
    """Sample images at the coordinates of `grid`, with `fill` outside the images.

    Args:
        images: (n, C, H, W).
        grid: (n, H, W, 2) coordinates; edges are at -1 and 1.
        mode: `nearest` or `bilinear`.
        fill: one value, or one per channel.

    Raises:
        DataError: the number of fill values differs from the number of channels.
    """
    background = per_channel(fill, images)
    if mode == "nearest" and not np.any(fill):  # `grid_sample` returns zeros outside
        return F.grid_sample(images, grid, mode=mode, align_corners=False)
    with_inside = torch.cat([images, torch.ones_like(images[:, :1])], dim=1)
    sampled = F.grid_sample(with_inside, grid, mode=mode, align_corners=False)
    values, inside = sampled[:, :-1], sampled[:, -1:]
    if mode == "nearest":
        return torch.where(inside == 0, background, values)
    return (values - background).mul_(inside).add_(background)


def _linear_maps(coefficients: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return ax + by + c, (n, m, H, W), at all x (W,) and y (H,), for rows (a, b, c) (n, m, 3).

    Terms in x and in y vary along one axis only, so each coordinate costs one addition.
    """
    a, b, c = coefficients.to(x).unsqueeze(2).unbind(3)
    return (a * x).unsqueeze(2) + (b * y + c).unsqueeze(3)


def _perspective_matrices(corners: Tensor, height: int, width: int) -> Tensor:
    """Return the homographies (n, 3, 3) from `corners` (n, 4, 2) to the corners of an image.

    The rows are (a, b, c), (d, e, f) and (g, h, 1). They map x to (ax + by + c) / (gx + hy + 1),
    and y to (dx + ey + f) / (gx + hy + 1). All are NaN if the corners are collinear.
    """
    right, bottom = width - 1.0, height - 1.0
    image = torch.tensor([[0, 0], [right, 0], [right, bottom], [0, bottom]], dtype=corners.dtype)
    zeros, ones = torch.zeros(len(corners), 4, 3), torch.ones(len(corners), 4, 1)
    points = torch.cat([corners, ones], dim=2)
    rows_x = torch.cat([points, zeros, -image[:, :1] * corners], dim=2)
    rows_y = torch.cat([zeros, points, -image[:, 1:] * corners], dim=2)
    system = torch.stack([rows_x, rows_y], dim=2).view(-1, 8, 8)
    solution, failure = torch.linalg.solve_ex(system, image.view(1, 8, 1))
    solution = solution.squeeze(2).where(failure.unsqueeze(1) == 0, torch.nan)
    return F.pad(solution, (0, 1), value=1).view(-1, 3, 3)
