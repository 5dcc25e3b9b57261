"""Transforms for whole batches, with separate random parameters for each sample.

Those of our own take batches of any shape. All others are torchvision's.

Images are float (n, C, H, W). Those from uint8 images are in [0, 1] from the start, while
torchvision rounds to integer levels after each transform before `ToTensor`. Results agree with
torchvision's functions for float tensors to about 1e-5. With nearest interpolation, a point halfway
between two pixels may take either.
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
from dcrf.data.transforms.equivalents import with_probability
from dcrf.data.transforms.own.base import BatchTransform
from dcrf.safety.transform_limits import check_growth
from dcrf.schema.allowed_names import OWN_TRANSFORMS

_GRID_MODES = (tv.InterpolationMode.NEAREST, tv.InterpolationMode.BILINEAR)
_HIGHEST_LEVEL = 255


@dataclass(frozen=True, slots=True)
class _Equivalent:
    """The equivalent of a class for whole batches.

    apply: (transform, samples, generator) -> samples.
    covers: (transform, of_images) -> whether the result equals torchvision's. `of_images` is true
        before `ToTensor`, when torchvision transforms single uint8 images instead of tensors.
    """

    apply: Callable[[Any, Tensor, Generator], Tensor]
    covers: Callable[[Any, bool], bool] = lambda _, __: True


def batched_transforms(
    transforms: Sequence[Transform], from_images: bool
) -> tuple[Transform, ...] | None:
    """Return the transforms prepared for `apply_batched`, or None if one has no equivalent.

    Args:
        transforms: objects of torchvision or of our own.
        from_images: whether the samples are uint8 images. Then a `fill` or `threshold` before
            `ToTensor` is one of 256 levels, as in torchvision, and is divided by 255.
    """
    tensor_at = [isinstance(transform, ToTensor) for transform in transforms]
    images_until = tensor_at.index(True) if any(tensor_at) else len(transforms)
    images_until = images_until if from_images else 0
    placed = [(transform, at < images_until) for at, transform in enumerate(transforms)]
    if not all(_has_equivalent(*pair) for pair in placed):
        return None
    return tuple(
        _with_scaled_levels(transform) if of_images else transform
        for transform, of_images in placed
    )


def apply_batched(transforms: Sequence[Any], images: Tensor, generator: Generator) -> Tensor:
    """Apply the result of `batched_transforms` to samples, with draws for each sample.

    Raises:
        DataError: a transform does not fit the images, or changes the size of some images only.
    """
    for transform in transforms:
        check_growth(transform, images)
        images = EQUIVALENTS[type(transform)].apply(transform, images, generator)
    return images


def _has_equivalent(transform: Any, of_images: bool) -> bool:
    equivalent = EQUIVALENTS.get(type(transform))
    return equivalent is not None and equivalent.covers(transform, of_images)


def _with_scaled_levels(transform: Any) -> Any:
    """Return a copy of the transform with levels 0 to 255 scaled to [0, 1]."""
    scaled = copy.copy(transform)
    if isinstance(transform, tv.RandomApply):
        scaled.transforms = [_with_scaled_levels(member) for member in transform.transforms]
    elif isinstance(transform, tv.RandomSolarize):  # halfway to the next lower level
        scaled.threshold = (math.ceil(transform.threshold) - 0.5) / _HIGHEST_LEVEL
    elif isinstance(fill := getattr(transform, "fill", None), int | float):
        scaled.fill = int(fill) / _HIGHEST_LEVEL
    elif fill is not None:
        scaled.fill = [int(value) / _HIGHEST_LEVEL for value in fill]
    return scaled


def _random_apply(transform: Any, images: Tensor, generator: Generator) -> Tensor:
    def change(chosen: Tensor) -> Tensor:
        return apply_batched(transform.transforms, chosen, generator)

    return equivalents.apply_with_probability(images, transform.p, generator, change)


def _apply_own(transform: BatchTransform, samples: Tensor, generator: Generator) -> Tensor:
    return transform.apply(samples, generator)


def _covers_members(transform: Any, of_images: bool) -> bool:
    return all(_has_equivalent(member, of_images) for member in transform.transforms)


def _is_antialiased_bilinear(transform: Any, _: bool) -> bool:
    """Whether it is bilinear with antialiasing, as torchvision always does for PIL images."""
    return transform.interpolation == tv.InterpolationMode.BILINEAR and transform.antialias is True


def _has_grid_mode(transform: Any, _: bool) -> bool:
    return transform.interpolation in _GRID_MODES


def _keeps_size_in_rotation(transform: Any, _: bool) -> bool:
    return transform.interpolation in _GRID_MODES and not transform.expand


def _has_one_fill(transform: Any, _: bool) -> bool:
    return isinstance(transform.fill, int | float)


def _takes_tensors(_: Any, of_images: bool) -> bool:
    return not of_images


def _takes_images(_: Any, of_images: bool) -> bool:
    return of_images


def _covers_grayscale(transform: Any, of_images: bool) -> bool:
    """Torchvision does not expand a tensor of one channel to three."""
    return of_images or transform.num_output_channels == 1


def _has_sharpness_factor(transform: Any, _: bool) -> bool:
    factor = transform.sharpness_factor
    return isinstance(factor, int | float) and factor >= 0


def _covers_posterize(transform: Any, of_images: bool) -> bool:
    return of_images and isinstance(transform.bits, int) and transform.bits in range(1, 9)


def _covers_solarize(transform: Any, of_images: bool) -> bool:
    """Whether the threshold is within the range of images, or of tensors."""
    highest = _HIGHEST_LEVEL if of_images else 1
    return isinstance(transform.threshold, int | float) and transform.threshold <= highest


EQUIVALENTS: Mapping[type, _Equivalent] = MappingProxyType(
    {
        ToTensor: _Equivalent(lambda _, images, __: images),
        **dict.fromkeys(OWN_TRANSFORMS.values(), _Equivalent(_apply_own, _takes_tensors)),
        tv.CenterCrop: _Equivalent(lambda t, images, _: TF.center_crop(images, t.size)),
        tv.ColorJitter: _Equivalent(equivalents.color_jitter),
        tv.GaussianBlur: _Equivalent(equivalents.gaussian_blur),
        tv.Grayscale: _Equivalent(equivalents.grayscale, _covers_grayscale),
        tv.Normalize: _Equivalent(
            lambda t, images, _: TF.normalize(images, t.mean, t.std), _takes_tensors
        ),
        tv.Pad: _Equivalent(
            lambda t, images, _: TF.pad(images, t.padding, t.fill, t.padding_mode), _has_one_fill
        ),
        tv.RandomAdjustSharpness: _Equivalent(
            with_probability(lambda t, images: TF.adjust_sharpness(images, t.sharpness_factor)),
            _has_sharpness_factor,
        ),
        tv.RandomAffine: _Equivalent(equivalents.random_affine, _has_grid_mode),
        tv.RandomApply: _Equivalent(_random_apply, _covers_members),
        tv.RandomAutocontrast: _Equivalent(
            with_probability(lambda _, images: TF.autocontrast(images))
        ),
        tv.RandomCrop: _Equivalent(equivalents.random_crop, _has_one_fill),
        tv.RandomEqualize: _Equivalent(
            with_probability(lambda _, images: colors.equalize(images)), _takes_images
        ),
        tv.RandomErasing: _Equivalent(equivalents.random_erasing, _takes_tensors),
        tv.RandomGrayscale: _Equivalent(
            with_probability(
                lambda _, images: colors.grayscale(images).repeat(1, images.shape[1], 1, 1)
            )
        ),
        tv.RandomHorizontalFlip: _Equivalent(with_probability(lambda _, images: images.flip(3))),
        tv.RandomInvert: _Equivalent(with_probability(lambda _, images: TF.invert(images))),
        tv.RandomPerspective: _Equivalent(equivalents.random_perspective, _has_grid_mode),
        tv.RandomPosterize: _Equivalent(
            with_probability(lambda t, images: colors.posterize(images, t.bits)), _covers_posterize
        ),
        tv.RandomResizedCrop: _Equivalent(
            equivalents.random_resized_crop, _is_antialiased_bilinear
        ),
        tv.RandomRotation: _Equivalent(equivalents.random_rotation, _keeps_size_in_rotation),
        tv.RandomSolarize: _Equivalent(
            with_probability(lambda t, images: TF.solarize(images, t.threshold)), _covers_solarize
        ),
        tv.RandomVerticalFlip: _Equivalent(with_probability(lambda _, images: images.flip(2))),
        tv.Resize: _Equivalent(
            lambda t, images, _: TF.resize(images, t.size, t.interpolation, t.max_size, True),
            _is_antialiased_bilinear,
        ),
    }
)
