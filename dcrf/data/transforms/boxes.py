"""Draw, crop, resize and erase boxes in whole batches, with a separate box for each image.

Images are float (n, C, H, W). Boxes are on the CPU. Each function draws from the distributions of
the torchvision class that its docstring names.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from dcrf.data.transforms.filters import separable
from dcrf.data.transforms.geometry import draw_integers, draw_uniform, per_channel

_ATTEMPTS = 10  # to draw a box that fits, as in torchvision


class Boxes(NamedTuple):
    """Boxes in pixels, (n,) int64 each."""

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor


def draw_resized_crops(
    shape: torch.Size, scale: Sequence[float], ratio: Sequence[float], generator: Generator
) -> Boxes:
    """Draw the boxes of RandomResizedCrop for images of `shape` (n, C, H, W).

    If no attempt fits, the box is the largest central one with an aspect ratio within `ratio`.
    """
    height, width = shape[2:]
    widths, heights = _draw_sides(shape, scale, ratio, generator)
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    drawn = _place_first(heights, widths, fits, shape, generator)
    central, has_fit = _central_box(height, width, ratio), fits.any(dim=1)
    return Boxes(*(torch.where(has_fit, *pair) for pair in zip(drawn, central, strict=True)))


def draw_erased_boxes(
    shape: torch.Size, scale: Sequence[float], ratio: Sequence[float], generator: Generator
) -> Boxes:
    """Draw the boxes of RandomErasing for images of `shape` (n, C, H, W).

    If no attempt fits, the box is empty. A box is smaller than the image.
    """
    heights, widths = _draw_sides(shape, scale, ratio, generator)
    fits = (heights < shape[2]) & (widths < shape[3])
    boxes = _place_first(heights, widths, fits, shape, generator)
    return boxes._replace(height=boxes.height * fits.any(dim=1))


def draw_crops(shape: torch.Size, size: Sequence[int], generator: Generator) -> Boxes:
    """Draw the boxes of RandomCrop, all of one size, for images of `shape` (n, C, H, W)."""
    n, _, image_height, image_width = shape
    top = draw_integers(0, image_height - size[0], n, generator)
    left = draw_integers(0, image_width - size[1], n, generator)
    return Boxes(top, left, torch.full_like(top, size[0]), torch.full_like(left, size[1]))


def crop(images: Tensor, boxes: Boxes) -> Tensor:
    """Crop each image to its box. All boxes have one size."""
    rows = boxes.top[:, None] + torch.arange(int(boxes.height[0]))
    columns = boxes.left[:, None] + torch.arange(int(boxes.width[0]))
    rows, columns = rows.to(images.device), columns.to(images.device)
    image = torch.arange(len(images), device=images.device)[:, None, None]
    pixels = images.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]]
    return pixels.permute(0, 3, 1, 2).contiguous()


def resize_crops(images: Tensor, boxes: Boxes, size: Sequence[int]) -> Tensor:
    """Crop each image to its box and resize it to `size`, bilinear with antialiasing."""
    top, left, height, width = (numbers.to(images) for numbers in boxes)
    rows = _resizing_weights(top, height, images.shape[2], size[0])
    columns = _resizing_weights(left, width, images.shape[3], size[1])
    return separable(images, rows, columns)


def erase(
    images: Tensor, boxes: Boxes, value: float | Sequence[float] | str, generator: Generator
) -> Tensor:
    """Return a copy of the images with new pixels inside the boxes.

    Args:
        images: (n, C, H, W).
        boxes: one per image, may be empty.
        value: the new value for all channels, one value per channel, or `random` for standard
            normal noise.
        generator: the generator of the noise.

    Raises:
        DataError: the number of values differs from the number of channels.
    """
    top, left, height, width = (numbers.to(images.device) for numbers in boxes)
    rows = _is_within(top, height, images.shape[2])
    columns = _is_within(left, width, images.shape[3])
    erased = (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1)
    if isinstance(value, str):
        count = images.shape[1] * int((boxes.height * boxes.width).sum())
        noise = torch.randn(count, generator=generator).to(images)
        return images.masked_scatter(erased, noise)
    return torch.where(erased, per_channel(value, images), images)


def _draw_sides(
    shape: torch.Size, scale: Sequence[float], ratio: Sequence[float], generator: Generator
) -> tuple[Tensor, Tensor]:
    """Draw both sides of boxes, (n, _ATTEMPTS) pixels each, with first / second in `ratio`."""
    tries = shape[0] * _ATTEMPTS
    area = shape[2] * shape[3] * draw_uniform(scale, tries, generator)
    aspect = draw_uniform((math.log(ratio[0]), math.log(ratio[1])), tries, generator).exp()
    first, second = (area * aspect).sqrt(), (area / aspect).sqrt()
    return first.round().long().view(-1, _ATTEMPTS), second.round().long().view(-1, _ATTEMPTS)


def _place_first(
    heights: Tensor, widths: Tensor, fits: Tensor, shape: torch.Size, generator: Generator
) -> Boxes:
    """Draw the position of the first box that fits in each row (n, _ATTEMPTS), else of box 0."""
    first = fits.int().argmax(dim=1, keepdim=True)
    height, width = heights.gather(1, first).squeeze(1), widths.gather(1, first).squeeze(1)
    top = draw_integers(0, (shape[2] - height).clamp_min(0), shape[0], generator)
    left = draw_integers(0, (shape[3] - width).clamp_min(0), shape[0], generator)
    return Boxes(top, left, height, width)


def _central_box(height: int, width: int, ratio: Sequence[float]) -> tuple[Tensor, ...]:
    """Return the largest central box (top, left, height, width) with an aspect within `ratio`."""
    box_height, box_width = height, width
    if width / height < min(ratio):
        box_height = round(width / min(ratio))
    elif width / height > max(ratio):
        box_width = round(height * max(ratio))
    top, left = (height - box_height) // 2, (width - box_width) // 2
    return tuple(torch.tensor(value) for value in (top, left, box_height, box_width))


def _resizing_weights(start: Tensor, length: Tensor, size: int, target: int) -> Tensor:
    """Return weights (n, target, size) that resize pixels start..start+length-1 to `target`.

    Each target pixel has a triangle kernel as wide as two target pixels, and at least two source
    pixels. The kernel is cut off at the box.
    """
    start, length = start.view(-1, 1, 1), length.view(-1, 1, 1)
    scale = length / target
    places = start + scale * (torch.arange(target, device=start.device) + 0.5).view(-1, 1)
    centers = torch.arange(size, device=start.device) + 0.5
    in_box = (centers > start) & (centers < start + length)
    centers = centers.where(in_box, torch.inf)  # so far away that its weight is 0
    width = scale.clamp_min(1)
    weights = (centers / width - places / width).abs_().neg_().add_(1).clamp_min_(0)
    return weights.mul_(weights.sum(dim=2, keepdim=True).reciprocal_())


def _is_within(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Return (n, size): whether each of `size` pixels is in start..start+length-1."""
    pixels = torch.arange(size, device=start.device)
    return (pixels >= start[:, None]) & (pixels < (start + length)[:, None])
