"""Warps of whole batches, a different one for every image.

Images are float (n, C, H, W). Parameters have one row per image, on the CPU, and are drawn from
the distributions of the torchvision class that a function names. Pixels follow the conventions of
torchvision's functions for tensors: `grid_sample` with pixel centers at halves.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from dcrf.errors import DataError

_OUTSIDE = 4.0  # a sampling place beyond the edge of an image of any size


def uniform(bounds: Sequence[float], n: int, generator: Generator) -> Tensor:
    """Draw (n,) float64 numbers, uniform between two bounds."""
    return torch.empty(n, dtype=torch.float64).uniform_(*bounds, generator=generator)


def integers(low: int, high: Tensor | int, n: int, generator: Generator) -> Tensor:
    """Draw (n,) int64 numbers, uniform from `low` to `high` inclusive."""
    return low + (uniform((0, 1), n, generator) * (high - low + 1)).long()


def per_channel(values: float | Sequence[float], images: Tensor) -> Tensor:
    """Return one value for all channels of images (n, C, H, W), or one for each, as (1, 1|C, 1, 1).

    Raises:
        DataError: there are more or fewer values than channels.
    """
    made = torch.tensor(values, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
    if made.shape[1] not in (1, images.shape[1]):
        raise DataError(f"{made.shape[1]} values are given for {images.shape[1]} channels")
    return made


def affine_matrices(
    angle: Tensor, translation: Tensor, scale: Tensor, shear: Tensor, center: Tensor
) -> Tensor:
    """Return the matrices (n, 2, 3) from places in the result to places in the image.

    They undo, in this order, a shear, a scaling and a rotation about `center`, and a translation.

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
    """Return sampling places (n, H, W, 2), -1 and 1 the edges, for `affine_matrices`."""
    height, width = images.shape[2:]
    edges = torch.tensor([[width / 2], [height / 2]], dtype=matrices.dtype)
    x, y = torch.arange(width) + 0.5 - width / 2, torch.arange(height) + 0.5 - height / 2
    return _linear_maps(matrices / edges, x.to(images), y.to(images)).permute(0, 2, 3, 1)


def draw_corners(shape: torch.Size, distortion: float, generator: Generator) -> Tensor:
    """Draw where RandomPerspective moves the four corners: (n, 4, 2) pixels, x and y.

    The corners go clockwise from the top left.
    """
    n, _, height, width = shape
    reach_x, reach_y = int(distortion * (width // 2)), int(distortion * (height // 2))
    left, right = (0, reach_x), (width - reach_x - 1, width - 1)
    top, bottom = (0, reach_y), (height - reach_y - 1, height - 1)
    ranges = (left, top, right, top, right, bottom, left, bottom)
    drawn = [integers(low, high, n, generator) for low, high in ranges]
    return torch.stack(drawn, dim=1).view(n, 4, 2)


def perspective_grid(corners: Tensor, images: Tensor) -> Tensor:
    """Return sampling places (n, H, W, 2) that move the images' corners to `corners` (n, 4, 2).

    Corners on one line leave next to nothing of an image; the places are finite all the same.
    """
    height, width = images.shape[2:]
    matrices = _perspective_matrices(corners.double(), height, width)
    edges = torch.tensor([[width / 2], [height / 2], [1]], dtype=matrices.dtype)
    x, y = torch.arange(width) + 0.5, torch.arange(height) + 0.5
    maps = _linear_maps(matrices / edges, x.to(images), y.to(images))
    places = maps[:, :2].div_(maps[:, 2:]).sub_(1)
    places.nan_to_num_(_OUTSIDE).clamp_(-_OUTSIDE, _OUTSIDE)
    return places.permute(0, 2, 3, 1)


def warp(images: Tensor, grid: Tensor, mode: str, fill: float | Sequence[float]) -> Tensor:
    """Sample images at the places of `grid`, and put `fill` where that is outside of them.

    Args:
        images: (n, C, H, W).
        grid: (n, H, W, 2) places, -1 and 1 the edges.
        mode: `nearest` or `bilinear`.
        fill: one value, or one per channel.

    Raises:
        DataError: there are more or fewer values than channels.
    """
    background = per_channel(fill, images)
    if mode == "nearest" and not np.any(fill):  # `grid_sample` has zeros beyond the edges
        return F.grid_sample(images, grid, mode=mode, align_corners=False)
    with_inside = torch.cat([images, torch.ones_like(images[:, :1])], dim=1)
    sampled = F.grid_sample(with_inside, grid, mode=mode, align_corners=False)
    values, inside = sampled[:, :-1], sampled[:, -1:]
    if mode == "nearest":
        return torch.where(inside == 0, background, values)
    return (values - background).mul_(inside).add_(background)


def _linear_maps(coefficients: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return ax + by + c at every x (W,) and y (H,), (n, m, H, W), for rows a, b, c (n, m, 3).

    The parts of x and of y differ along one axis only, so that a place costs one addition.
    """
    a, b, c = coefficients.to(x).unsqueeze(2).unbind(3)
    return (a * x).unsqueeze(2) + (b * y + c).unsqueeze(3)


def _perspective_matrices(corners: Tensor, height: int, width: int) -> Tensor:
    """Return rows (abc, def, gh1) of (ax + by + c) / (gx + hy + 1), (dx + ey + f) / (gx + hy + 1).

    Shape (n, 3, 3). They take `corners` (n, 4, 2) to an image's corners. NaN where nothing does.
    """
    right, bottom = width - 1.0, height - 1.0
    image = torch.tensor([[0, 0], [right, 0], [right, bottom], [0, bottom]], dtype=corners.dtype)
    zeros, ones = torch.zeros(len(corners), 4, 3), torch.ones(len(corners), 4, 1)
    places = torch.cat([corners, ones], dim=2)
    rows_x = torch.cat([places, zeros, -image[:, :1] * corners], dim=2)
    rows_y = torch.cat([zeros, places, -image[:, 1:] * corners], dim=2)
    system = torch.stack([rows_x, rows_y], dim=2).view(-1, 8, 8)
    solution, failure = torch.linalg.solve_ex(system, image.view(1, 8, 1))
    solution = solution.squeeze(2).where(failure.unsqueeze(1) == 0, torch.nan)
    return F.pad(solution, (0, 1), value=1).view(-1, 3, 3)
