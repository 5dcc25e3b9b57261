"""Transforms of torchvision for whole batches: the same parameters, drawn once per image.

Images are float (n, C, H, W); those that come from uint8 images are in [0, 1] from the start,
where torchvision rounds to whole levels after each transform before `ToTensor`. Results agree with
torchvision's functions for float tensors to about 1e-5; with nearest interpolation a place halfway
between two pixels may take the other one.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import Generator, Tensor
from torchvision import transforms as tv
from torchvision.transforms import functional as TF

from dcrf.data.transforms import colors, equivalents
from dcrf.data.transforms.build import ToTensor, Transform
from dcrf.data.transforms.equivalents import by_chance
from dcrf.safety.transform_limits import check_growth

_GRID_MODES = (tv.InterpolationMode.NEAREST, tv.InterpolationMode.BILINEAR)
_HIGHEST_LEVEL = 255


@dataclass(frozen=True, slots=True)
class _Equivalent:
    """What stands for a class of torchvision.

    apply: (transform, images, generator) -> images.
    covers: (transform, of_images) -> whether it does what torchvision does. `of_images` is true
        before `ToTensor`, where torchvision transforms uint8 images one by one, and not tensors.
    """

    apply: Callable[[Any, Tensor, Generator], Tensor]
    covers: Callable[[Any, bool], bool] = lambda _, __: True


def batched(transforms: Sequence[Transform], from_images: bool) -> tuple[Transform, ...] | None:
    """Return the transforms made ready for `apply_batched`, or None where one has no equivalent.

    Args:
        transforms: torchvision objects.
        from_images: whether they start at uint8 images. Then a `fill` or `threshold` before
            `ToTensor` is one of 256 levels, as torchvision takes it for images, and is divided by
            255.
    """
    tensor_at = [isinstance(transform, ToTensor) for transform in transforms]
    images_until = tensor_at.index(True) if any(tensor_at) else len(transforms)
    images_until = images_until if from_images else 0
    placed = [(transform, at < images_until) for at, transform in enumerate(transforms)]
    if not all(_has_equivalent(*one) for one in placed):
        return None
    return tuple(_scaled(transform) if of_images else transform for transform, of_images in placed)


def apply_batched(transforms: Sequence[Any], images: Tensor, generator: Generator) -> Tensor:
    """Apply transforms made ready by `batched` to images (n, C, H, W), one draw per image.

    Raises:
        DataError: a transform is too large for the images, or changes only some images' size.
    """
    for transform in transforms:
        check_growth(transform, images)
        images = EQUIVALENTS[type(transform)].apply(transform, images, generator)
    return images


def _has_equivalent(transform: Any, of_images: bool) -> bool:
    equivalent = EQUIVALENTS.get(type(transform))
    return equivalent is not None and equivalent.covers(transform, of_images)


def _scaled(transform: Any) -> Any:
    """Return the transform with places in [0, 1] for levels, as pixels have them."""
    scaled = copy.copy(transform)
    if isinstance(transform, tv.RandomApply):
        scaled.transforms = [_scaled(member) for member in transform.transforms]
    elif isinstance(transform, tv.RandomSolarize):  # halfway from the level below
        scaled.threshold = (math.ceil(transform.threshold) - 0.5) / _HIGHEST_LEVEL
    elif isinstance(fill := getattr(transform, "fill", None), int | float):
        scaled.fill = int(fill) / _HIGHEST_LEVEL
    elif fill is not None:
        scaled.fill = [int(value) / _HIGHEST_LEVEL for value in fill]
    return scaled


def _random_apply(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    def change(chosen: Tensor) -> Tensor:
        return apply_batched(transform.transforms, chosen, generator)

    return equivalents.on_some(images, transform.p, generator, change)


def _is_simple_apply(transform: Any, of_images: bool) -> bool:
    return all(_has_equivalent(member, of_images) for member in transform.transforms)


def _is_smooth(transform: Any, _: bool) -> bool:
    """Whether it is bilinear with antialiasing, as torchvision always has it for PIL images."""
    return transform.interpolation == tv.InterpolationMode.BILINEAR and transform.antialias is True


def _has_grid_mode(transform: Any, _: bool) -> bool:
    return transform.interpolation in _GRID_MODES


def _rotates_in_place(transform: Any, _: bool) -> bool:
    return transform.interpolation in _GRID_MODES and not transform.expand


def _has_one_fill(transform: Any, _: bool) -> bool:
    return isinstance(transform.fill, int | float)


def _takes_tensors(_: Any, of_images: bool) -> bool:
    return not of_images


def _takes_images(_: Any, of_images: bool) -> bool:
    return of_images


def _makes_gray(transform: Any, of_images: bool) -> bool:
    """Of a tensor with one channel torchvision makes no three."""
    return of_images or transform.num_output_channels == 1


def _sharpens(transform: Any, _: bool) -> bool:
    factor = transform.sharpness_factor
    return isinstance(factor, int | float) and factor >= 0


def _posterizes(transform: Any, of_images: bool) -> bool:
    return of_images and isinstance(transform.bits, int) and transform.bits in range(1, 9)


def _solarizes(transform: Any, of_images: bool) -> bool:
    """Whether the threshold is a level that an image, or a tensor, can have."""
    highest = _HIGHEST_LEVEL if of_images else 1
    return isinstance(transform.threshold, int | float) and transform.threshold <= highest


EQUIVALENTS: Mapping[type, _Equivalent] = MappingProxyType(
    {
        ToTensor: _Equivalent(lambda _, images, __: images),
        tv.CenterCrop: _Equivalent(lambda t, images, _: TF.center_crop(images, t.size)),
        tv.ColorJitter: _Equivalent(equivalents.color_jitter),
        tv.GaussianBlur: _Equivalent(equivalents.gaussian_blur),
        tv.Grayscale: _Equivalent(equivalents.grayscale, _makes_gray),
        tv.Normalize: _Equivalent(
            lambda t, images, _: TF.normalize(images, t.mean, t.std), _takes_tensors
        ),
        tv.Pad: _Equivalent(
            lambda t, images, _: TF.pad(images, t.padding, t.fill, t.padding_mode), _has_one_fill
        ),
        tv.RandomAdjustSharpness: _Equivalent(
            by_chance(lambda t, images: TF.adjust_sharpness(images, t.sharpness_factor)), _sharpens
        ),
        tv.RandomAffine: _Equivalent(equivalents.random_affine, _has_grid_mode),
        tv.RandomApply: _Equivalent(_random_apply, _is_simple_apply),
        tv.RandomAutocontrast: _Equivalent(by_chance(lambda _, images: TF.autocontrast(images))),
        tv.RandomCrop: _Equivalent(equivalents.random_crop, _has_one_fill),
        tv.RandomEqualize: _Equivalent(
            by_chance(lambda _, images: colors.equalize(images)), _takes_images
        ),
        tv.RandomErasing: _Equivalent(equivalents.random_erasing, _takes_tensors),
        tv.RandomGrayscale: _Equivalent(
            by_chance(lambda _, images: colors.grayscale(images).repeat(1, images.shape[1], 1, 1))
        ),
        tv.RandomHorizontalFlip: _Equivalent(by_chance(lambda _, images: images.flip(3))),
        tv.RandomInvert: _Equivalent(by_chance(lambda _, images: TF.invert(images))),
        tv.RandomPerspective: _Equivalent(equivalents.random_perspective, _has_grid_mode),
        tv.RandomPosterize: _Equivalent(
            by_chance(lambda t, images: colors.posterize(images, t.bits)), _posterizes
        ),
        tv.RandomResizedCrop: _Equivalent(equivalents.random_resized_crop, _is_smooth),
        tv.RandomRotation: _Equivalent(equivalents.random_rotation, _rotates_in_place),
        tv.RandomSolarize: _Equivalent(
            by_chance(lambda t, images: TF.solarize(images, t.threshold)), _solarizes
        ),
        tv.RandomVerticalFlip: _Equivalent(by_chance(lambda _, images: images.flip(2))),
        tv.Resize: _Equivalent(
            lambda t, images, _: TF.resize(images, t.size, t.interpolation, t.max_size, True),
            _is_smooth,
        ),
    }
)
