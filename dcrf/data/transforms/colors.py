"""Color adjustments of whole batches, with separate factors for each image.

Images are float (n, C, H, W) in [0, 1] with 1 or 3 channels. Factors are (n,). The formulas are
those of torchvision's functions for tensors.
"""

import torch
from torch import Generator, Tensor

from dcrf.errors import DataError

_LUMA = (0.2989, 0.587, 0.114)  # weights of red, green and blue in torchvision and ITU-R BT.601


def grayscale(images: Tensor) -> Tensor:
    """Return the luma of every pixel, (n, 1, H, W)."""
    if images.shape[1] == 1:
        return images
    luma = torch.tensor(_LUMA, dtype=images.dtype, device=images.device).view(1, 1, 3)
    return (luma @ images.flatten(2)).unflatten(2, images.shape[2:])


def adjust_brightness(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with black: factor 1 returns the image, 0 black."""
    return (factors.view(-1, 1, 1, 1) * images).clamp_(0, 1)


def adjust_contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with the mean luma of the image: factor 1 returns the image, 0 uniform gray."""
    return _blend(images, grayscale(images).mean(dim=(1, 2, 3), keepdim=True), factors)


def adjust_saturation(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with the grayscale image: factor 1 returns the image, 0 its grayscale."""
    return images if images.shape[1] == 1 else _blend(images, grayscale(images), factors)


def adjust_hue(images: Tensor, factors: Tensor) -> Tensor:
    """Rotate the hue by `factors` of the color circle, in [-0.5, 0.5]."""
    if images.shape[1] == 1:
        return images
    value = images.amax(dim=1)
    spread = value - images.amin(dim=1)
    hue = _hue(images, value, spread) + factors.view(-1, 1, 1)
    # each channel is the value minus a trapezoid of the hue, shifted by a third of the circle
    shifts = torch.tensor([5 / 6, 3 / 6, 1 / 6], dtype=images.dtype, device=images.device)
    phases = (
        hue.unsqueeze(1) + (shifts + 1).view(1, 3, 1, 1)
    ).frac_()  # +1, since frac keeps the sign
    depth = phases.mul_(6).sub_(2).abs_().neg_().add_(2).clamp_(0, 1)
    return depth.mul_(-spread.unsqueeze(1)).add_(value.unsqueeze(1))


def posterize(images: Tensor, bits: int) -> Tensor:
    """Set all but the upper `bits` (1 to 8) of every 8-bit level to 0, as Pillow does.

    Raises:
        DataError: the images have neither 1 nor 3 channels.
    """
    step = 2 ** (8 - bits)
    return _levels(images).div_(step).floor_().mul_(step / 255)


def equalize(images: Tensor) -> Tensor:
    """Equalize the histogram of every channel, as Pillow does.

    Raises:
        DataError: the images have neither 1 nor 3 channels.
    """
    levels = _levels(images).long().flatten(2)
    counts = torch.zeros(*levels.shape[:2], 256, dtype=levels.dtype, device=levels.device)
    counts.scatter_add_(2, levels, torch.ones_like(levels))
    below = counts.cumsum(dim=2) - counts
    # as in Pillow: the step ignores the highest level, and the division drops the remainder
    step = below.gather(2, levels.amax(dim=2, keepdim=True)) // 255
    table = ((below + step // 2) // step.clamp_min(1)).clamp_max_(255)
    equalized = torch.where(step > 0, table.gather(2, levels), levels)
    return equalized.to(images.dtype).div_(255).view_as(images)


ADJUSTMENTS = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)


def jitter(
    images: Tensor, ranges: tuple[tuple[float, float] | None, ...], generator: Generator
) -> Tensor:
    """Apply the four `ADJUSTMENTS` in a random order for each image, as ColorJitter does.

    Args:
        images: (n, C, H, W).
        ranges: the range of the factor of each adjustment, or None to skip it.
        generator: the generator of orders and factors.
    """
    n = len(images)
    orders = torch.rand(n, len(ADJUSTMENTS), generator=generator).argsort(dim=1)
    factors = [_factors(bounds, n, generator) for bounds in ranges]
    used = torch.tensor([number for number, bounds in enumerate(ranges) if bounds is not None])
    orders = orders[torch.isin(orders, used)].view(n, len(used))
    images = images.clone()
    for turn in orders.unbind(dim=1):
        for number in used.tolist():
            chosen = (turn == number).nonzero().squeeze(1)
            factor = factors[number][chosen].to(images)
            chosen = chosen.to(images.device)
            images[chosen] = ADJUSTMENTS[number](images[chosen], factor)
    return images


def _factors(bounds: tuple[float, float] | None, n: int, generator: Generator) -> Tensor:
    return torch.empty(n).uniform_(*(bounds or (0, 0)), generator=generator)


def _levels(images: Tensor) -> Tensor:
    """Return the nearest integer levels from 0 to 255, as floating-point numbers."""
    if images.shape[1] not in (1, 3):
        raise DataError(f"expected images of 1 or 3 channels, got {images.shape[1]}")
    return (images * 255).round_()


def _blend(images: Tensor, others: Tensor, factors: Tensor) -> Tensor:
    weights = factors.view(-1, 1, 1, 1)
    return (weights * images).add_((1 - weights) * others).clamp_(0, 1)


def _hue(images: Tensor, value: Tensor, spread: Tensor) -> Tensor:
    """Return the hue (n, H, W) in [-1/6, 5/6] from the largest channel and the channels' range."""
    red, green, blue = images.unbind(dim=1)
    not_red, not_green = value != red, value != green
    rise = torch.where(not_red, torch.where(not_green, red - green, blue - red), green - blue)
    start = not_red.to(images.dtype) * (2 + 2 * not_green.to(images.dtype))
    smallest = torch.finfo(images.dtype).tiny  # the hue of gray is arbitrary
    return rise.div_(spread.clamp_min(smallest)).add_(start).div_(6)
