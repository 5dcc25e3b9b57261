"""Crops and warps of whole batches, a different one for every image.

Images are float (n, C, H, W). Parameters have one row per image, on the CPU, and are drawn from
the distributions of the torchvision class that a function names. Pixels follow the conventions of
torchvision's functions for tensors: `grid_sample` with pixel centres at halves.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

_ATTEMPTS = 10  # at a box that fits, as in torchvision
_OUTSIDE = 4.0  # a sampling place beyond the edge of an image of any size


class Boxes(NamedTuple):
    """Boxes of pixels, (n,) int64 each."""

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor


def uniform(bounds: Sequence[float], n: int, generator: Generator) -> Tensor:
    """Draw (n,) float64 numbers, uniform between two bounds."""
    return torch.empty(n, dtype=torch.float64).uniform_(*bounds, generator=generator)


def integers(low: int, high: Tensor | int, n: int, generator: Generator) -> Tensor:
    """Draw (n,) int64 numbers, uniform from `low` to `high` inclusive."""
    return low + (uniform((0, 1), n, generator) * (high - low + 1)).long()


def draw_resized_crops(
    shape: torch.Size, scale: Sequence[float], ratio: Sequence[float], generator: Generator
) -> Boxes:
    """Draw the boxes of RandomResizedCrop for images of `shape` (n, C, H, W)."""
    n, _, image_height, image_width = shape
    tries = n * _ATTEMPTS
    area = image_height * image_width * uniform(scale, tries, generator)
    aspect = uniform((math.log(ratio[0]), math.log(ratio[1])), tries, generator).exp()
    width = (area * aspect).sqrt().round().long().view(n, _ATTEMPTS)
    height = (area / aspect).sqrt().round().long().view(n, _ATTEMPTS)
    fits = (width > 0) & (width <= image_width) & (height > 0) & (height <= image_height)
    first = fits.int().argmax(dim=1, keepdim=True)
    width, height = width.gather(1, first).squeeze(1), height.gather(1, first).squeeze(1)
    top = integers(0, (image_height - height).clamp_min(0), n, generator)
    left = integers(0, (image_width - width).clamp_min(0), n, generator)
    found = fits.any(dim=1)
    central = _central_box(image_height, image_width, ratio)
    drawn = (top, left, height, width)
    return Boxes(*(torch.where(found, *pair) for pair in zip(drawn, central, strict=True)))


def resize_crops(images: Tensor, boxes: Boxes, size: Sequence[int]) -> Tensor:
    """Cut a box out of every image and resize it, bilinear with antialiasing, to (n, C, *size).

    The filter is separable, so that a box is resized by one matrix for its rows and one for its
    columns.
    """
    rows = _resizing_weights(boxes.top, boxes.height, images.shape[2], size[0])
    columns = _resizing_weights(boxes.left, boxes.width, images.shape[3], size[1])
    rows, columns = rows.to(images).unsqueeze(1), columns.to(images).unsqueeze(1)
    return rows @ images @ columns.transpose(2, 3)


def draw_crops(shape: torch.Size, size: Sequence[int], generator: Generator) -> Boxes:
    """Draw the boxes of RandomCrop, of one size, for images of `shape` (n, C, H, W)."""
    n, _, image_height, image_width = shape
    top = integers(0, image_height - size[0], n, generator)
    left = integers(0, image_width - size[1], n, generator)
    return Boxes(top, left, torch.full_like(top, size[0]), torch.full_like(left, size[1]))


def crop(images: Tensor, boxes: Boxes) -> Tensor:
    """Cut a box out of every image; the boxes have one size."""
    rows = boxes.top[:, None] + torch.arange(int(boxes.height[0]))
    columns = boxes.left[:, None] + torch.arange(int(boxes.width[0]))
    rows, columns = rows.to(images.device), columns.to(images.device)
    image = torch.arange(len(images), device=images.device)[:, None, None]
    pixels = images.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]]
    return pixels.permute(0, 3, 1, 2).contiguous()


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


def affine_grid(matrices: Tensor, shape: torch.Size) -> Tensor:
    """Return sampling places (n, H, W, 2), -1 and 1 the edges, for `affine_matrices`."""
    height, width = shape[2:]
    base = _pixel_centres(height, width)
    base[..., :2] -= torch.tensor([width / 2, height / 2])
    edges = torch.tensor([width / 2, height / 2], dtype=matrices.dtype)
    rescaled = (matrices.transpose(1, 2) / edges).float()
    return (base.view(1, -1, 3) @ rescaled).view(-1, height, width, 2)


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


def perspective_grid(corners: Tensor, shape: torch.Size) -> Tensor:
    """Return sampling places (n, H, W, 2) that move an image's corners to `corners` (n, 4, 2).

    Corners on one line leave next to nothing of the image; the places are finite all the same.
    """
    height, width = shape[2:]
    coefficients = _perspective_coefficients(corners.double(), height, width)
    base = _pixel_centres(height, width).view(1, -1, 3)
    ones = torch.ones(len(corners), 1, dtype=coefficients.dtype)
    edges = torch.tensor([[width / 2], [height / 2]], dtype=coefficients.dtype)
    numerators = (coefficients[:, :6].view(-1, 2, 3) / edges).float().transpose(1, 2)
    denominators = torch.cat([coefficients[:, 6:], ones], dim=1).float().unsqueeze(2)
    places = (base @ numerators) / (base @ denominators) - 1
    return places.nan_to_num(_OUTSIDE).clamp(-_OUTSIDE, _OUTSIDE).view(-1, height, width, 2)


def warp(images: Tensor, grid: Tensor, mode: str, fill: float | Sequence[float]) -> Tensor:
    """Sample images at the places of `grid`, and put `fill` where that is outside of them.

    Args:
        images: (n, C, H, W).
        grid: (n, H, W, 2) places, -1 and 1 the edges.
        mode: `nearest` or `bilinear`.
        fill: one value, or one per channel.
    """
    inside = torch.ones_like(images[:, :1])
    sampled = F.grid_sample(
        torch.cat([images, inside], dim=1), grid.to(images), mode=mode, align_corners=False
    )
    values, inside = sampled[:, :-1], sampled[:, -1:]
    background = torch.as_tensor(fill, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
    if mode == "nearest":
        return torch.where(inside == 0, background, values)
    return values * inside + (1 - inside) * background


def _central_box(height: int, width: int, ratio: Sequence[float]) -> tuple[Tensor, ...]:
    """Return the largest central box (top, left, height, width) whose aspect is within `ratio`."""
    box_height, box_width = height, width
    if width / height < min(ratio):
        box_height = round(width / min(ratio))
    elif width / height > max(ratio):
        box_width = round(height * max(ratio))
    top, left = (height - box_height) // 2, (width - box_width) // 2
    return tuple(torch.tensor(value) for value in (top, left, box_height, box_width))


def _resizing_weights(start: Tensor, length: Tensor, size: int, target: int) -> Tensor:
    """Return weights (n, target, size) that resize pixels start..start+length-1 to `target`.

    A triangle as wide as two target pixels, and at least two source pixels, about the place of
    each target pixel; it ends at the box.
    """
    start, length = start.float()[:, None, None], length.float()[:, None, None]
    scale = length / target
    places = start + scale * (torch.arange(target) + 0.5)[:, None]
    centres = torch.arange(size) + 0.5
    weights = (1 - (centres - places).abs() / scale.clamp_min(1)).clamp_min(0)
    weights = weights * ((centres > start) & (centres < start + length))
    return weights / weights.sum(dim=2, keepdim=True)


def _pixel_centres(height: int, width: int) -> Tensor:
    """Return (H, W, 3): x, y and 1 of every pixel's centre, in pixels."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([x, y, torch.ones_like(x)], dim=2)


def _perspective_coefficients(corners: Tensor, height: int, width: int) -> Tensor:
    """Return (n, 8) coefficients a..h of ((ax + by + c) / (gx + hy + 1), (dx + ey + f) / ...)."""
    right, bottom = width - 1.0, height - 1.0
    image = torch.tensor([[0, 0], [right, 0], [right, bottom], [0, bottom]], dtype=corners.dtype)
    zeros, ones = torch.zeros(len(corners), 4, 3), torch.ones(len(corners), 4, 1)
    places = torch.cat([corners, ones], dim=2)
    rows_x = torch.cat([places, zeros, -image[:, :1] * corners], dim=2)
    rows_y = torch.cat([zeros, places, -image[:, 1:] * corners], dim=2)
    system = torch.stack([rows_x, rows_y], dim=2).view(-1, 8, 8)
    solution, failure = torch.linalg.solve_ex(system, image.view(1, 8, 1))
    return solution.squeeze(2).where(failure.unsqueeze(1) == 0, torch.nan)
