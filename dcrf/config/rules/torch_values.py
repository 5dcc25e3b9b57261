"""Check the values of arguments of torch and torchvision, as far as these say what they take."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.rules.schema_errors import shown
from dcrf.errors import Problem

Given = tuple[str, str, object]
"""JSON path, name and value of an argument."""

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")

# What torch takes whatever its value, and fails with, or makes infinities of, when it is used.
_LEAST: Mapping[tuple[str, str], tuple[str, float]] = MappingProxyType(
    {
        ("layers", "Softplus"): ("beta", 1e-6),
        ("functions", "softplus"): ("beta", 1e-6),
        ("functions", "gumbel_softmax"): ("tau", 1e-6),
        ("datasets", "FakeData"): ("num_classes", 1),
    }
)


def value_problems(
    place: str, name: str, entry: Mapping[str, Any], given: Iterable[Given]
) -> Iterator[Problem]:
    """Yield what is wrong with the values of arguments.

    Args:
        place: where the name is from, as `layers`.
        name: what is called.
        entry: what `schema/names` knows of it.
        given: its arguments.
    """
    limited, least = _LEAST.get((place, name), ("", 0))
    for path, argument, value in given:
        if argument in entry.get("booleans", ()):
            yield from _no_boolean(path, argument, value)
        elif argument in entry.get("entries", ()):
            yield from _no_entries(path, value)
        elif argument in entry.get("numbers", ()):
            means_integer = place == "layers" and argument in entry.get("integers", ())
            yield from _no_numbers(path, argument, value, means_integer)
        if argument in entry.get("tuples", ()):
            yield from _wrong_length(path, argument, value, entry["tuples"][argument])
        if argument == limited and isinstance(value, int | float) and value < least:
            found = f"{shown(value)} is out of range, it must be at least {least}"
            yield Problem(path, found, f"{name!r} fails with a smaller {argument!r}")


def _no_boolean(path: str, argument: str, value: object) -> Iterator[Problem]:
    """What would count as true, whatever it says."""
    if value is not None and not isinstance(value, bool):
        remedy = f"write true or false for {argument!r}"
        yield Problem(path, f"{shown(value)} is not true or false", remedy)


def _no_numbers(path: str, argument: str, value: object, means_integer: bool) -> Iterator[Problem]:
    """What torch would compare or multiply with numbers, if it ever comes to that."""
    for place, item in _items(value, path):
        if isinstance(item, str | dict):
            is_quoted = isinstance(item, str) and _NUMBER.fullmatch(item)
            remedy = f"write {item if is_quoted else 'a number'} for {argument!r}"
            yield Problem(place, f"{shown(item)} is not a number", remedy)
        elif means_integer and isinstance(item, float) and not item.is_integer():
            remedy = f"write a whole number for {argument!r}"
            yield Problem(place, f"{item} is not an integer", remedy)


def _no_entries(path: str, value: object) -> Iterator[Problem]:
    for place, item in _items(value, path):
        if item is not None and not isinstance(item, dict):
            yield Problem(place, f"{shown(item)} is not an object", 'write {"type": ...}')


def _wrong_length(path: str, argument: str, value: object, default: list[Any]) -> Iterator[Problem]:
    """Check a list whose length torch takes for granted and that of the default shows."""
    if isinstance(value, list) and len(value) != len(default):
        count = f"{len(value)} value{'s' if len(value) != 1 else ''}"
        found = f"{argument!r} has {count}, not {len(default)}"
        yield Problem(
            path, found, f"write {len(default)} numbers, for example {json.dumps(default)}"
        )


def _items(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield path and value of what is in lists at any depth, or of the value itself."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _items(item, child(path, index))
    else:
        yield path, value
