"""Predict the memory and time of transforms, and refuse those beyond the limits."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from torchvision import transforms as tv
from torchvision.transforms import functional as TF

from dcrf.safety.limits import AUGMENTATION_BINS, AUGMENTATION_STEPS, BLUR_PRODUCTS, SAMPLE_VALUES

GROWING = (
    tv.CenterCrop, tv.ElasticTransform, tv.GaussianBlur, tv.Pad, tv.RandomCrop,
    tv.RandomResizedCrop, tv.RandomRotation, tv.Resize,
)  # fmt: skip
"""Classes whose arguments set the size of the result or of a kernel."""


_AUGMENTATION_SIZES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("num_ops", "mixture_width", "chain_depth"), AUGMENTATION_STEPS),
        "num_magnitude_bins": AUGMENTATION_BINS,
    }
)


def check_growth(transform: Any, image: Any) -> None:
    """Refuse a transform that would exhaust memory or run for hours.

    Args:
        transform: an object of torchvision.
        image: its input, a PIL image or a tensor (..., C, H, W).

    Raises:
        ValueError: a result or an intermediate image would have more than `SAMPLE_VALUES` values,
            or a blur takes more than `BLUR_PRODUCTS` multiplications.
    """
    if not isinstance(transform, GROWING):
        return
    channels, height, width = TF.get_dimensions(image)
    size = f"an image of {height} x {width}"
    tall, wide = _largest(transform, height, width)
    if channels * tall * wide > SAMPLE_VALUES:
        raise ValueError(
            f"it would produce one of {tall:.0f} x {wide:.0f} of {size}, and a sample has at most "
            f"{SAMPLE_VALUES} values"
        )
    for rows, columns in _kernels(transform):
        kernel = f"a kernel of {rows} x {columns}"
        if rows // 2 >= height or columns // 2 >= width:
            raise ValueError(f"half of {kernel} is as large as {size}")
        if height * width * rows * columns > BLUR_PRODUCTS:
            raise ValueError(f"{kernel} takes more than {BLUR_PRODUCTS} products on {size}")


def check_steps(transform: Any) -> None:
    """Raise ValueError if an augmentation has more steps than the limits allow."""
    for name, most in _AUGMENTATION_SIZES.items():
        if (number := vars(transform).get(name, 0)) > most:
            raise ValueError(f"{name} is {number}; at most {most} is allowed")


def _largest(transform: Any, height: float, width: float) -> tuple[float, float]:
    """Return the largest height and width of the result and of all intermediate images."""
    match transform:
        case tv.RandomRotation():
            return (height + width, height + width) if transform.expand else (height, width)
        case tv.Pad():
            border = 2 * _widest(transform.padding)
            return height + border, width + border
        case tv.RandomCrop():
            border = 2 * _widest(transform.padding or 0)
            times = 2 if transform.pad_if_needed else 1  # pads both sides
            rows, columns = transform.size
            return max(height + border, times * rows), max(width + border, times * columns)
        case tv.Resize():
            size = transform.size if isinstance(transform.size, Sequence) else [transform.size]
            if len(size) == 1:  # the size of the shorter side
                size = [size[0] * side / min(height, width) for side in (height, width)]
            return max(height, size[0]), max(width, size[1])
        case tv.CenterCrop() | tv.RandomResizedCrop():
            return max(height, transform.size[0]), max(width, transform.size[1])
    return height, width


def _widest(padding: int | Sequence[int]) -> int:
    return max(map(abs, padding)) if isinstance(padding, Sequence) else abs(padding)


def _kernels(transform: Any) -> list[tuple[int, int]]:
    """Return (rows, columns) of the kernels of a blur."""
    if isinstance(transform, tv.GaussianBlur):
        width, height = transform.kernel_size
        return [(height, width)]
    if isinstance(transform, tv.ElasticTransform):  # torchvision makes both odd
        sides = [int(8 * sigma + 1) | 1 for sigma in transform.sigma if sigma > 0]
        return [(side, side) for side in sides]
    return []
