"""Transforms of torchvision for whole batches: the same parameters, drawn once per image.

Every equivalent takes the torchvision object, so that its arguments are checked and completed in
one place. Images are float (n, C, H, W); those that come from uint8 images are in [0, 1] from the
start, where torchvision rounds to whole levels after each transform before `ToTensor`. Results
agree with torchvision's functions for float tensors to about 1e-5; with nearest interpolation a
place halfway between two pixels may take the other one.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Generator, Tensor
from torchvision import transforms as tv
from torchvision.transforms import functional as TF

from dcrf.data import batched_colors as colors
from dcrf.data import batched_geometry as geometry
from dcrf.data.transforms import ToTensor, Transform
from dcrf.errors import DataError

_GRID_MODES = (tv.InterpolationMode.NEAREST, tv.InterpolationMode.BILINEAR)


@dataclass(frozen=True, slots=True)
class _Equivalent:
    """apply: (transform, images, generator) -> images. covers: whether its arguments allow it."""

    apply: Callable[[Any, Tensor, Generator], Tensor]
    covers: Callable[[Any], bool] = lambda _: True


def batched(transforms: Sequence[Transform], from_images: bool) -> tuple[Transform, ...] | None:
    """Return the transforms made ready for `apply_batched`, or None where one has no equivalent.

    Args:
        transforms: torchvision objects.
        from_images: whether they start at uint8 images. Then a `fill` before `ToTensor` is one of
            256 levels, as torchvision takes it for images, and is divided by 255.
    """
    if not all(_has_equivalent(transform) for transform in transforms):
        return None
    tensor_at = [isinstance(transform, ToTensor) for transform in transforms]
    images_until = tensor_at.index(True) if any(tensor_at) else len(transforms)
    images_until = images_until if from_images else 0
    return tuple(
        _fill_scaled(transform) if place < images_until else transform
        for place, transform in enumerate(transforms)
    )


def apply_batched(transforms: Sequence[Any], images: Tensor, generator: Generator) -> Tensor:
    """Apply transforms made ready by `batched` to images (n, C, H, W), one draw per image.

    Raises:
        DataError: a transform is too large for the images, or changes only some images' size.
    """
    for transform in transforms:
        images = EQUIVALENTS[type(transform)].apply(transform, images, generator)
    return images


def _has_equivalent(transform: Any) -> bool:
    equivalent = EQUIVALENTS.get(type(transform))
    return equivalent is not None and equivalent.covers(transform)


def _fill_scaled(transform: Any) -> Any:
    scaled = copy.copy(transform)
    if isinstance(transform, tv.RandomApply):
        scaled.transforms = [_fill_scaled(member) for member in transform.transforms]
    elif isinstance(fill := getattr(transform, "fill", None), int | float):
        scaled.fill = fill / 255
    elif fill is not None:
        scaled.fill = [value / 255 for value in fill]
    return scaled


def _on_some(
    images: Tensor, probability: float, generator: Generator, change: Callable[[Tensor], Tensor]
) -> Tensor:
    """Change every image with the same probability, and leave the others as they are."""
    chosen = (torch.rand(len(images), generator=generator) < probability).nonzero().squeeze(1)
    if not len(chosen):
        return images
    chosen = chosen.to(images.device)
    changed = change(images[chosen])
    if changed.shape[1:] != images.shape[1:]:
        raise DataError(
            f"a transform that is applied by chance makes images of {tuple(changed.shape[1:])} "
            f"out of {tuple(images.shape[1:])}; it has to keep their size"
        )
    return images.index_copy(0, chosen, changed)


def _random_apply(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    def change(chosen: Tensor) -> Tensor:
        return apply_batched(transform.transforms, chosen, generator)

    return _on_some(images, transform.p, generator, change)


def _horizontal_flip(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    return _on_some(images, transform.p, generator, lambda chosen: chosen.flip(3))


def _vertical_flip(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    return _on_some(images, transform.p, generator, lambda chosen: chosen.flip(2))


def _random_grayscale(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    def change(chosen: Tensor) -> Tensor:
        return colors.grayscale(chosen).expand_as(chosen)

    return _on_some(images, transform.p, generator, change)


def _color_jitter(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    ranges = (transform.brightness, transform.contrast, transform.saturation, transform.hue)
    return colors.jitter(images, ranges, generator)


def _random_resized_crop(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    boxes = geometry.draw_resized_crops(images.shape, transform.scale, transform.ratio, generator)
    return geometry.resize_crops(images, boxes, transform.size)


def _random_crop(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    if transform.padding is not None:
        images = TF.pad(images, transform.padding, transform.fill, transform.padding_mode)
    missing = [max(0, transform.size[i] - images.shape[2 + i]) for i in (0, 1)]
    if transform.pad_if_needed and any(missing):
        padding = [missing[1], missing[0]]
        images = TF.pad(images, padding, transform.fill, transform.padding_mode)
    elif any(missing):
        raise DataError(f"RandomCrop to {transform.size} of images {tuple(images.shape[2:])}")
    boxes = geometry.draw_crops(images.shape, transform.size, generator)
    return geometry.crop(images, boxes)


def _random_affine(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    n, _, height, width = images.shape
    angle = geometry.uniform(transform.degrees, n, generator)
    reach = transform.translate or (0, 0)
    bounds = [
        (-part * size, part * size) for part, size in zip(reach, (width, height), strict=True)
    ]
    translation = [geometry.uniform(bound, n, generator).round() for bound in bounds]
    scale = geometry.uniform(transform.scale or (1, 1), n, generator)
    ranges = [*(transform.shear or ()), 0, 0, 0, 0]
    shear = [geometry.uniform(ranges[i : i + 2], n, generator) for i in (0, 2)]
    matrices = geometry.affine_matrices(
        angle, torch.stack(translation, 1), scale, torch.stack(shear, 1), _center(transform, images)
    )
    grid = geometry.affine_grid(matrices, images.shape)
    return geometry.warp(images, grid, transform.interpolation.value, transform.fill)


def _random_rotation(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    n = len(images)
    angle = -geometry.uniform(transform.degrees, n, generator)  # counter-clockwise, unlike affine
    still, same = torch.zeros(n, 2, dtype=angle.dtype), torch.ones_like(angle)
    matrices = geometry.affine_matrices(angle, still, same, still, _center(transform, images))
    grid = geometry.affine_grid(matrices, images.shape)
    return geometry.warp(images, grid, transform.interpolation.value, transform.fill)


def _random_perspective(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    def change(chosen: Tensor) -> Tensor:
        corners = geometry.draw_corners(chosen.shape, transform.distortion_scale, generator)
        grid = geometry.perspective_grid(corners, chosen.shape)
        return geometry.warp(chosen, grid, transform.interpolation.value, transform.fill)

    return _on_some(images, transform.p, generator, change)


def _center(transform: Any, images: Tensor) -> Tensor:
    """Return the centre of a rotation (2,) in pixels from the middle of the image."""
    middle = torch.tensor([images.shape[3] / 2, images.shape[2] / 2], dtype=torch.float64)
    if transform.center is None:
        return torch.zeros_like(middle)
    return torch.tensor(transform.center, dtype=torch.float64) - middle


def _is_smooth(transform: Any) -> bool:
    """Whether it is bilinear with antialiasing, as torchvision always has it for PIL images."""
    return transform.interpolation == tv.InterpolationMode.BILINEAR and transform.antialias is True


def _has_grid_mode(transform: Any) -> bool:
    return transform.interpolation in _GRID_MODES


def _rotates_in_place(transform: Any) -> bool:
    return _has_grid_mode(transform) and not transform.expand


def _is_simple_apply(transform: Any) -> bool:
    return all(_has_equivalent(member) for member in transform.transforms)


EQUIVALENTS: Mapping[type, _Equivalent] = MappingProxyType(
    {
        ToTensor: _Equivalent(lambda _, images, __: images),
        tv.CenterCrop: _Equivalent(lambda t, images, _: TF.center_crop(images, t.size)),
        tv.ColorJitter: _Equivalent(_color_jitter),
        tv.Normalize: _Equivalent(lambda t, images, _: TF.normalize(images, t.mean, t.std)),
        tv.RandomAffine: _Equivalent(_random_affine, _has_grid_mode),
        tv.RandomApply: _Equivalent(_random_apply, _is_simple_apply),
        tv.RandomCrop: _Equivalent(_random_crop, lambda t: isinstance(t.fill, int | float)),
        tv.RandomGrayscale: _Equivalent(_random_grayscale),
        tv.RandomHorizontalFlip: _Equivalent(_horizontal_flip),
        tv.RandomPerspective: _Equivalent(_random_perspective, _has_grid_mode),
        tv.RandomResizedCrop: _Equivalent(_random_resized_crop, _is_smooth),
        tv.RandomRotation: _Equivalent(_random_rotation, _rotates_in_place),
        tv.RandomVerticalFlip: _Equivalent(_vertical_flip),
        tv.Resize: _Equivalent(
            lambda t, images, _: TF.resize(images, t.size, t.interpolation, t.max_size, True),
            _is_smooth,
        ),
    }
)
