"""Build transforms from the entries of a method file."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn
from torchvision import transforms as tv

from dcrf.errors import TransformError
from dcrf.safety.transform_limits import GROWING, check_growth, check_steps
from dcrf.schema.allowed_names import TRANSFORMS

Transform = Callable[[Any], Any]

# Arguments that are enumeration members in torchvision. Method files have their values.
_ENUM_ARGUMENTS: Mapping[str, type[Enum]] = MappingProxyType(
    {"interpolation": tv.InterpolationMode, "policy": tv.AutoAugmentPolicy}
)
_DETERMINISTIC = (
    tv.CenterCrop, tv.Grayscale, tv.Normalize, tv.Pad, tv.PILToTensor, tv.Resize, tv.ToPILImage,
    tv.ToTensor,
)  # fmt: skip
# Deterministic transforms from images to images.
_IMAGE_TO_IMAGE = frozenset({"CenterCrop", "Grayscale", "Pad", "Resize"})

TRANSFORM_ERRORS = (
    RuntimeError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, OSError,
    AssertionError,
)  # fmt: skip
"""Errors that transforms raise if a transform does not fit a sample."""


class ToTensor(tv.ToTensor):
    """Convert a PIL image to a float tensor in [0, 1], and return a tensor unchanged."""

    def __call__(self, sample: Any) -> Tensor:
        """Return a tensor, (C, H, W) for an image."""
        return sample if isinstance(sample, Tensor) else super().__call__(sample)


def build_transforms(entries: Iterable[Mapping[str, Any]]) -> tuple[Transform, ...]:
    """Build transforms from entries `{"type": "RandomAffine", "degrees": 20}`.

    Entries nest. `positional_arguments` is a list of positional arguments. Interpolation modes and
    policies are written as their values, such as `"bilinear"`.

    Raises:
        TransformError: a transform rejects its arguments.
    """
    return tuple(_build(entry) for entry in entries)


def is_random(transform: Transform) -> bool:
    """Whether two calls on one image may differ. Unknown transforms count as random."""
    if isinstance(transform, tv.Compose):
        return any(is_random(member) for member in transform.transforms)
    return not isinstance(transform, _DETERMINISTIC)


def needs_others(transform: Transform) -> bool:
    """Whether a sample changes by the other samples of its batch."""
    members = getattr(transform, "transforms", ())
    return getattr(transform, "needs_others", False) or any(map(needs_others, members))


def shared_prefix(
    views: Collection[Sequence[Mapping[str, Any]] | None],
) -> list[Mapping[str, Any]]:
    """Return the common first entries of all views, up to one that is random or returns no image.

    They need to be applied only once.
    """

    def is_shared(entries: Sequence[Mapping[str, Any]]) -> bool:
        are_equal = all(entry == entries[0] for entry in entries)
        return are_equal and entries[0]["type"] in _IMAGE_TO_IMAGE

    entries_by_position = zip(*(view or () for view in views), strict=False)
    return [entries[0] for entries in takewhile(is_shared, entries_by_position)]


def apply_transforms(transforms: Iterable[Transform], value: Any) -> Any:
    """Apply transforms in order.

    Raises:
        TransformError: a transform fails; the message names it.
    """
    for transform in transforms:
        try:
            value = transform(value)
        except TRANSFORM_ERRORS as error:
            name = type(transform).__name__
            raise TransformError(f"transform {name} fails: {error}") from error
    return value


def _build(entry: Mapping[str, Any]) -> Transform:
    options = {key: value for key, value in entry.items() if key != "type"}
    positional = options.pop("positional_arguments", ())
    name = entry["type"]
    cls = ToTensor if name == "ToTensor" else TRANSFORMS[name]
    try:
        arguments = {key: _argument(value, key) for key, value in options.items()}
        transform: Transform = cls(*(_argument(value) for value in positional), **arguments)
        _check_ranges(transform)
        check_steps(transform)
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise TransformError(f"transform {name} rejects its arguments: {error}") from error
    if isinstance(transform, GROWING):  # a hook, since other transforms may call it
        transform.register_forward_pre_hook(_check_growth)
    return transform


def _check_growth(transform: nn.Module, inputs: tuple[Any, ...]) -> None:
    check_growth(transform, inputs[0])


def _check_ranges(transform: Transform) -> None:
    """Raise ValueError for invalid numbers that torchvision accepts."""
    p = getattr(transform, "p", 0)
    if isinstance(p, int | float) and not 0 <= p <= 1:
        raise ValueError(f"p is {p}, expected a probability from 0 to 1")
    if isinstance(transform, tv.RandomResizedCrop):
        for name, (low, high) in (("scale", transform.scale), ("ratio", transform.ratio)):
            if not 0 < low <= high:
                raise ValueError(f"{name} is [{low}, {high}], expected an ascending range above 0")


def _argument(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping) and "type" in value:
        return _build(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_argument(item) for item in value]
    if key in _ENUM_ARGUMENTS and isinstance(value, str):
        return _ENUM_ARGUMENTS[key](value)
    return value
