"""Colour changes of whole batches, a different one for every image.

Images are float (n, C, H, W) in [0, 1] with 1 or 3 channels; factors are (n,). The formulas are
those of torchvision's functions for tensors.
"""

import torch
from torch import Generator, Tensor

_LUMA = (0.2989, 0.587, 0.114)  # of red, green and blue, as torchvision and ITU-R BT.601 have it


def grayscale(images: Tensor) -> Tensor:
    """Return the brightness of every pixel, (n, 1, H, W)."""
    if images.shape[1] == 1:
        return images
    luma = torch.tensor(_LUMA, dtype=images.dtype, device=images.device).view(1, 3, 1, 1)
    return (images * luma).sum(dim=1, keepdim=True)


def adjust_brightness(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with black; 1 changes nothing, 0 is black."""
    return _blend(images, torch.zeros_like(images), factors)


def adjust_contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with the image's mean brightness; 1 changes nothing, 0 is even grey."""
    return _blend(images, grayscale(images).mean(dim=(1, 2, 3), keepdim=True), factors)


def adjust_saturation(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with the grey image; 1 changes nothing, 0 is grey."""
    return images if images.shape[1] == 1 else _blend(images, grayscale(images), factors)


def adjust_hue(images: Tensor, factors: Tensor) -> Tensor:
    """Turn the hue by `factors` of the colour circle, in [-0.5, 0.5]; 0 changes nothing."""
    if images.shape[1] == 1:
        return images
    hue, saturation, value = _hue_saturation_value(images)
    hue = (hue + factors.view(-1, 1, 1)) % 1.0
    # each channel is the value less a trapezium of the hue, shifted by a third of the circle
    shifts = torch.tensor([5.0, 3.0, 1.0], dtype=images.dtype, device=images.device)
    place = (shifts.view(1, 3, 1, 1) + 6 * hue.unsqueeze(1)) % 6
    depth = torch.minimum(place, 4 - place).clamp(0, 1)
    return value.unsqueeze(1) * (1 - saturation.unsqueeze(1) * depth)


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
    for turn in orders.unbind(dim=1):
        for number, adjust in enumerate(ADJUSTMENTS):
            if ranges[number] is None:
                continue
            chosen = (turn == number).nonzero().squeeze(1)
            factor = factors[number][chosen].to(images)
            chosen = chosen.to(images.device)
            images = images.index_copy(0, chosen, adjust(images[chosen], factor))
    return images


def _factors(bounds: tuple[float, float] | None, n: int, generator: Generator) -> Tensor:
    return torch.empty(n).uniform_(*(bounds or (0, 0)), generator=generator)


def _blend(images: Tensor, others: Tensor, factors: Tensor) -> Tensor:
    weights = factors.view(-1, 1, 1, 1)
    return (weights * images + (1 - weights) * others).clamp(0, 1)


def _hue_saturation_value(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue in [0, 1), saturation and value, each (n, H, W)."""
    red, green, blue = images.unbind(dim=1)
    value, low = images.amax(dim=1), images.amin(dim=1)
    spread = value - low
    grey = spread == 0
    divisor = torch.where(grey, 1, spread)
    sixths = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    saturation = spread / torch.where(grey, 1, value)
    return (sixths / 6) % 1.0, saturation, value
