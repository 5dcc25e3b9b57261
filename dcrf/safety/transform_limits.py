"""What transforms make of an image in memory and time, known before they begin."""

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
"""Classes whose arguments alone decide how large a result, or a kernel, is."""


_AUGMENTATION_SIZES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("num_ops", "mixture_width", "chain_depth"), AUGMENTATION_STEPS),
        "num_magnitude_bins": AUGMENTATION_BINS,
    }
)


def check_growth(transform: Any, image: Any) -> None:
    """Refuse what would take far more memory or time than any method means to give.

    Args:
        transform: an object of torchvision.
        image: what it is about to be applied to, a PIL image or a tensor (..., C, H, W).

    Raises:
        ValueError: it would make more than `SAMPLE_VALUES` values of a sample on the way to its
            result, or a blur takes more than `BLUR_PRODUCTS`.
    """
    if not isinstance(transform, GROWING):
        return
    channels, height, width = TF.get_dimensions(image)
    found = f"an image of {height} x {width}"
    tall, wide = _largest(transform, height, width)
    if channels * tall * wide > SAMPLE_VALUES:
        raise ValueError(
            f"it would make one of {tall:.0f} x {wide:.0f} of {found}, and a sample has at most "
            f"{SAMPLE_VALUES} values"
        )
    for rows, columns in _kernels(transform):
        kernel = f"a kernel of {rows} x {columns}"
        if rows // 2 >= height or columns // 2 >= width:
            raise ValueError(f"half of {kernel} is as large as {found}")
        if height * width * rows * columns > BLUR_PRODUCTS:
            raise ValueError(f"{kernel} takes more than {BLUR_PRODUCTS} products on {found}")


def check_steps(transform: Any) -> None:
    """Raise ValueError where an augmentation has far more steps than any method means."""
    for name, most in _AUGMENTATION_SIZES.items():
        if (found := vars(transform).get(name, 0)) > most:
            raise ValueError(f"{name} is {found}, and more than {most} are taken for a mistake")


def _largest(transform: Any, height: float, width: float) -> tuple[float, float]:
    """Return height and width of what holds all images on the way from this one to the result."""
    match transform:
        case tv.RandomRotation():
            return (height + width, height + width) if transform.expand else (height, width)
        case tv.Pad():
            border = 2 * _widest(transform.padding)
            return height + border, width + border
        case tv.RandomCrop():
            border = 2 * _widest(transform.padding or 0)
            times = 2 if transform.pad_if_needed else 1  # what is missing is added at both sides
            rows, columns = transform.size
            return max(height + border, times * rows), max(width + border, times * columns)
        case tv.Resize():
            size = transform.size if isinstance(transform.size, Sequence) else [transform.size]
            if len(size) == 1:  # of the shorter side
                size = [size[0] * side / min(height, width) for side in (height, width)]
            return max(height, size[0]), max(width, size[1])
        case tv.CenterCrop() | tv.RandomResizedCrop():
            return max(height, transform.size[0]), max(width, transform.size[1])
    return height, width


def _widest(padding: int | Sequence[int]) -> int:
    return max(map(abs, padding)) if isinstance(padding, Sequence) else abs(padding)


def _kernels(transform: Any) -> list[tuple[int, int]]:
    """Return (rows, columns) of the kernels of blurs."""
    if isinstance(transform, tv.GaussianBlur):
        width, height = transform.kernel_size
        return [(height, width)]
    if isinstance(transform, tv.ElasticTransform):  # torchvision makes both odd
        sides = [int(8 * sigma + 1) | 1 for sigma in transform.sigma if sigma > 0]
        return [(side, side) for side in sides]
    return []
