"""Transforms of torchvision, built from the entries of a file."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn
from torchvision import transforms as tv

from dcrf.errors import DataError
from dcrf.safety.transform_limits import GROWING, check_growth, check_steps
from dcrf.schema.allowed_names import TRANSFORMS

Transform = Callable[[Any], Any]

# Arguments that torchvision wants as members of an enumeration; files give their values.
_ENUM_ARGUMENTS: Mapping[str, type[Enum]] = MappingProxyType(
    {"interpolation": tv.InterpolationMode, "policy": tv.AutoAugmentPolicy}
)
_DETERMINISTIC = (
    tv.CenterCrop, tv.Grayscale, tv.Normalize, tv.Pad, tv.PILToTensor, tv.Resize, tv.ToPILImage,
    tv.ToTensor,
)  # fmt: skip
# Deterministic ones that make images of images.
_IMAGE_TO_IMAGE = frozenset({"CenterCrop", "Grayscale", "Pad", "Resize"})

TRANSFORM_ERRORS = (
    RuntimeError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, OSError,
    AssertionError,
)  # fmt: skip
"""What torchvision raises where a transform does not fit a sample."""


class ToTensor(tv.ToTensor):
    """Turn a PIL image into a float tensor in [0, 1]; a tensor stays what it is."""

    def __call__(self, sample: Any) -> Tensor:
        """Return a tensor, (C, H, W) for an image."""
        return sample if isinstance(sample, Tensor) else super().__call__(sample)


def build_transforms(entries: Iterable[Mapping[str, Any]]) -> tuple[Transform, ...]:
    """Build transforms from entries `{"type": "RandomAffine", "degrees": 20}`.

    Entries nest. `positional_arguments` is a list of arguments without a name; interpolation modes
    and policies are given by their values (`"bilinear"`).

    Raises:
        DataError: a transform refuses its arguments.
    """
    return tuple(_build(entry) for entry in entries)


def is_random(transform: Transform) -> bool:
    """Whether two calls on one image may differ. What is not known to be fixed counts as random."""
    if isinstance(transform, tv.Compose):
        return any(is_random(member) for member in transform.transforms)
    return not isinstance(transform, _DETERMINISTIC)


def shared_beginning(
    views: Collection[Sequence[Mapping[str, Any]] | None],
) -> list[Mapping[str, Any]]:
    """Return the entries that all views begin with, as far as they turn images into images.

    None of them is random, so that they need be applied only once.
    """

    def is_shared(places: Sequence[Mapping[str, Any]]) -> bool:
        same = all(entry == places[0] for entry in places)
        return same and places[0]["type"] in _IMAGE_TO_IMAGE

    in_step = zip(*(entries or () for entries in views), strict=False)
    return [places[0] for places in takewhile(is_shared, in_step)]


def apply_transforms(transforms: Iterable[Transform], value: Any) -> Any:
    """Apply transforms one after another.

    Raises:
        DataError: one fails; it is named.
    """
    for transform in transforms:
        try:
            value = transform(value)
        except TRANSFORM_ERRORS as error:
            name = type(transform).__name__
            raise DataError(f"transform {name} fails: {error}") from error
    return value


def _build(entry: Mapping[str, Any]) -> Transform:
    options = {key: value for key, value in entry.items() if key != "type"}
    positional = options.pop("positional_arguments", ())
    name = entry["type"]
    cls = ToTensor if name == "ToTensor" else TRANSFORMS[name]
    try:
        arguments = {key: _argument(value, key) for key, value in options.items()}
        made = cls(*(_argument(value) for value in positional), **arguments)
        _check_ranges(made)
        check_steps(made)
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise DataError(f"transform {name} refuses its arguments: {error}") from error
    if isinstance(made, GROWING):  # wherever it is called from, as from within others
        made.register_forward_pre_hook(_check_growth)
    return made


def _check_growth(transform: nn.Module, inputs: tuple[Any, ...]) -> None:
    check_growth(transform, inputs[0])


def _check_ranges(transform: Transform) -> None:
    """Raise ValueError for numbers that torchvision takes although nothing can come of them."""
    p = getattr(transform, "p", 0)
    if isinstance(p, int | float) and not 0 <= p <= 1:
        raise ValueError(f"p is {p}, and a probability is at least 0 and at most 1")
    if isinstance(transform, tv.RandomResizedCrop):
        for name, (low, high) in (("scale", transform.scale), ("ratio", transform.ratio)):
            if not 0 < low <= high:
                raise ValueError(f"{name} is [{low}, {high}], which is no range of numbers above 0")


def _argument(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping) and "type" in value:
        return _build(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_argument(item) for item in value]
    if key in _ENUM_ARGUMENTS and isinstance(value, str):
        return _ENUM_ARGUMENTS[key](value)
    return value
