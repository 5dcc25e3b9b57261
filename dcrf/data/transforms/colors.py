"""Color changes of whole batches, a different one for every image.

Images are float (n, C, H, W) in [0, 1] with 1 or 3 channels; factors are (n,). The formulas are
those of torchvision's functions for tensors.
"""

import torch
from torch import Generator, Tensor

from dcrf.errors import DataError

_LUMA = (0.2989, 0.587, 0.114)  # of red, green and blue, as torchvision and ITU-R BT.601 have it


def grayscale(images: Tensor) -> Tensor:
    """Return the brightness of every pixel, (n, 1, H, W)."""
    if images.shape[1] == 1:
        return images
    luma = torch.tensor(_LUMA, dtype=images.dtype, device=images.device).view(1, 1, 3)
    return (luma @ images.flatten(2)).unflatten(2, images.shape[2:])


def adjust_brightness(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with black; 1 changes nothing, 0 is black."""
    return (factors.view(-1, 1, 1, 1) * images).clamp_(0, 1)


def adjust_contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with the image's mean brightness; 1 changes nothing, 0 is even gray."""
    return _blend(images, grayscale(images).mean(dim=(1, 2, 3), keepdim=True), factors)


def adjust_saturation(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with the gray image; 1 changes nothing, 0 is gray."""
    return images if images.shape[1] == 1 else _blend(images, grayscale(images), factors)


def adjust_hue(images: Tensor, factors: Tensor) -> Tensor:
    """Turn the hue by `factors` of the color circle, in [-0.5, 0.5]; 0 changes nothing."""
    if images.shape[1] == 1:
        return images
    value = images.amax(dim=1)
    spread = value - images.amin(dim=1)
    hue = _hue(images, value, spread) + factors.view(-1, 1, 1)
    # each channel is the value less a trapezium of the hue, shifted by a third of the circle
    shifts = torch.tensor([5 / 6, 3 / 6, 1 / 6], dtype=images.dtype, device=images.device)
    places = (hue.unsqueeze(1) + (shifts + 1).view(1, 3, 1, 1)).frac_()  # +1: frac keeps a sign
    depth = places.mul_(6).sub_(2).abs_().neg_().add_(2).clamp_(0, 1)
    return depth.mul_(-spread.unsqueeze(1)).add_(value.unsqueeze(1))


def posterize(images: Tensor, bits: int) -> Tensor:
    """Keep the upper `bits` (1 to 8) of every level, as Pillow does; the others become 0.

    Raises:
        DataError: the images have neither 1 nor 3 channels.
    """
    step = 2 ** (8 - bits)
    return _levels(images).div_(step).floor_().mul_(step / 255)


def equalize(images: Tensor) -> Tensor:
    """Spread the levels of every channel until all are about as frequent, as Pillow does.

    Raises:
        DataError: the images have neither 1 nor 3 channels.
    """
    levels = _levels(images).long().flatten(2)
    counts = torch.zeros(*levels.shape[:2], 256, dtype=levels.dtype, device=levels.device)
    counts.scatter_add_(2, levels, torch.ones_like(levels))
    below = counts.cumsum(dim=2) - counts
    # the highest level that occurs is left out, and what is over after 255 steps is lost
    step = below.gather(2, levels.amax(dim=2, keepdim=True)) // 255
    table = ((below + step // 2) // step.clamp_min(1)).clamp_max_(255)
    even = torch.where(step > 0, table.gather(2, levels), levels)
    return even.to(images.dtype).div_(255).view_as(images)


ADJUSTMENTS = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)


def jitter(
    images: Tensor, ranges: tuple[tuple[float, float] | None, ...], generator: Generator
) -> Tensor:
    """Apply the four `ADJUSTMENTS`, in an order of its own for every image, as ColorJitter does.

    Args:
        images: (n, C, H, W).
        ranges: the range of each adjustment's factor, or None to leave it out.
        generator: where orders and factors are drawn from.
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
    """Return the nearest whole levels of 0..255, as floating-point numbers."""
    if images.shape[1] not in (1, 3):
        raise DataError(f"this change needs images of 1 or 3 channels, not {images.shape[1]}")
    return (images * 255).round_()


def _blend(images: Tensor, others: Tensor, factors: Tensor) -> Tensor:
    weights = factors.view(-1, 1, 1, 1)
    return (weights * images).add_((1 - weights) * others).clamp_(0, 1)


def _hue(images: Tensor, value: Tensor, spread: Tensor) -> Tensor:
    """Return the hue (n, H, W) in [-1/6, 5/6], given the largest channel and how far it leads."""
    red, green, blue = images.unbind(dim=1)
    not_red, not_green = value != red, value != green
    rise = torch.where(not_red, torch.where(not_green, red - green, blue - red), green - blue)
    start = not_red.to(images.dtype) * (2 + 2 * not_green.to(images.dtype))
    smallest = torch.finfo(images.dtype).tiny  # gray has no hue; any does
    return rise.div_(spread.clamp_min(smallest)).add_(start).div_(6)
