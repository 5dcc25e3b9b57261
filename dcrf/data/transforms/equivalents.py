"""Equivalents of torchvision's transform classes for whole batches, one function per class.

Every function takes the torchvision object, float images (n, C, H, W), and the generator of all
draws. The object has validated its arguments and completed them with defaults. No function modifies
the images in place.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor
from torchvision.transforms import functional as TF

from dcrf.data.transforms import boxes, colors, filters, geometry
from dcrf.errors import DataError

Change = Callable[[Tensor], Tensor]


def apply_with_probability(
    images: Tensor, probability: float, generator: Generator, change: Change
) -> Tensor:
    """Apply `change` to each image with the same probability.

    Raises:
        DataError: `change` changes the size of images, and not all are selected.
    """
    chosen = (torch.rand(len(images), generator=generator) < probability).nonzero().squeeze(1)
    if probability >= 1:
        return change(images)
    if not len(chosen):
        return images
    chosen = chosen.to(images.device)
    changed = change(images[chosen])
    if changed.shape[1:] != images.shape[1:]:
        raise DataError(
            f"a transform with a probability below 1 turns images of {tuple(images.shape[1:])} "
            f"into {tuple(changed.shape[1:])}; it must keep their size"
        )
    return images.index_copy(0, chosen, changed)


def with_probability(
    change: Callable[[Any, Tensor], Tensor],
) -> Callable[[Any, Tensor, Generator], Tensor]:
    """Return the equivalent of a class that applies `change` with its probability `p`."""

    def apply(transform: Any, images: Tensor, generator: Generator) -> Tensor:
        return apply_with_probability(
            images, transform.p, generator, lambda chosen: change(transform, chosen)
        )

    return apply


def color_jitter(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """ColorJitter."""
    ranges = (transform.brightness, transform.contrast, transform.saturation, transform.hue)
    return colors.jitter(images, ranges, generator)


def gaussian_blur(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """GaussianBlur."""
    width, height = transform.kernel_size
    sigma = geometry.draw_uniform(transform.sigma, len(images), generator)
    return filters.gaussian_blur(images, width, height, sigma)


def grayscale(transform: Any, images: Tensor, _: Generator) -> Tensor:
    """Grayscale. A fourth channel is an alpha channel, which Pillow ignores."""
    return colors.grayscale(images[:, :3]).repeat(1, transform.num_output_channels, 1, 1)


def random_affine(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """RandomAffine."""
    n, _, height, width = images.shape
    angle = geometry.draw_uniform(transform.degrees, n, generator)
    reach = transform.translate or (0, 0)
    bounds = [
        (-part * size, part * size) for part, size in zip(reach, (width, height), strict=True)
    ]
    translation = [geometry.draw_uniform(bound, n, generator).round() for bound in bounds]
    scale = geometry.draw_uniform(transform.scale or (1, 1), n, generator)
    ranges = [*(transform.shear or ()), 0, 0, 0, 0]
    shear = [geometry.draw_uniform(ranges[i : i + 2], n, generator) for i in (0, 2)]
    matrices = geometry.affine_matrices(
        angle, torch.stack(translation, 1), scale, torch.stack(shear, 1), _center(transform, images)
    )
    return _warp(transform, images, geometry.affine_grid(matrices, images))


def random_crop(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """RandomCrop.

    Raises:
        DataError: the crop is larger than the images.
    """
    if transform.padding is not None:
        images = _pad(transform, images, transform.padding)
    missing = [max(0, transform.size[i] - images.shape[2 + i]) for i in (0, 1)]
    if transform.pad_if_needed and any(missing):
        images = _pad(transform, images, [missing[1], missing[0]])
    elif any(missing):
        size, image_size = tuple(transform.size), tuple(images.shape[2:])
        raise DataError(f"RandomCrop needs images of at least {size} pixels, got {image_size}")
    return boxes.crop(images, boxes.draw_crops(images.shape, transform.size, generator))


def random_erasing(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """RandomErasing."""
    scale, ratio = transform.scale, transform.ratio

    def change(chosen: Tensor) -> Tensor:
        erased = boxes.draw_erased_boxes(chosen.shape, scale, ratio, generator)
        return boxes.erase(chosen, erased, transform.value, generator)

    return apply_with_probability(images, transform.p, generator, change)


def random_perspective(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """RandomPerspective."""

    def change(chosen: Tensor) -> Tensor:
        corners = geometry.draw_corners(chosen.shape, transform.distortion_scale, generator)
        return _warp(transform, chosen, geometry.perspective_grid(corners, chosen))

    return apply_with_probability(images, transform.p, generator, change)


def random_resized_crop(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """RandomResizedCrop, bilinear with antialiasing."""
    scale, ratio = transform.scale, transform.ratio
    drawn = boxes.draw_resized_crops(images.shape, scale, ratio, generator)
    return boxes.resize_crops(images, drawn, transform.size)


def random_rotation(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    """RandomRotation without `expand`."""
    n = len(images)
    angle = -geometry.draw_uniform(
        transform.degrees, n, generator
    )  # counter-clockwise, unlike affine
    still, same = torch.zeros(n, 2, dtype=angle.dtype), torch.ones_like(angle)
    matrices = geometry.affine_matrices(angle, still, same, still, _center(transform, images))
    return _warp(transform, images, geometry.affine_grid(matrices, images))


def _warp(transform: Any, images: Tensor, grid: Tensor) -> Tensor:
    return geometry.warp(images, grid, transform.interpolation.value, transform.fill)


def _pad(transform: Any, images: Tensor, padding: int | Sequence[int]) -> Tensor:
    return TF.pad(images, padding, transform.fill, transform.padding_mode)


def _center(transform: Any, images: Tensor) -> Tensor:
    """Return the center of a rotation (2,) in pixels from the middle of the image."""
    middle = torch.tensor([images.shape[3] / 2, images.shape[2] / 2], dtype=torch.float64)
    if transform.center is None:
        return torch.zeros_like(middle)
    return torch.tensor(transform.center, dtype=torch.float64) - middle
