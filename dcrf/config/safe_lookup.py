"""Look-ups in unchecked JSON data: values of an unexpected type are skipped."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dcrf.config.json_paths import child

Entry = tuple[str, dict[str, Any]]
"""An object and its JSON path."""


def objects(data: Mapping[str, Any], key: str, path: str = "$") -> list[Entry]:
    """Return the objects in the list `data[key]`; `path` is the JSON path of `data`."""
    items = data.get(key)
    return [
        (child(child(path, key), index), item)
        for index, item in enumerate(items if isinstance(items, list) else [])
        if isinstance(item, dict)
    ]


def objects_within(value: Any, path: str) -> Iterator[Entry]:
    """Yield every object in a value at any depth, and the value itself if it is an object."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        yield path, value
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from objects_within(item, child(path, key))


def enabled(data: Mapping[str, Any], key: str, path: str = "$") -> list[Entry]:
    """Return the objects in the list `data[key]` that are not disabled."""
    return [entry for entry in objects(data, key, path) if is_enabled(entry[1])]


def is_enabled(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is enabled, as it is by default."""
    return entry.get("enabled") is not False


def in_order(data: Mapping[str, Any], key: str) -> list[Entry]:
    """Return the enabled objects in ascending `order`; ties keep the order of the file."""
    return sorted(enabled(data, key), key=_order)


def subobject(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the object `data[key]`, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def texts(data: Mapping[str, Any], key: str) -> list[str]:
    """Return the strings in the list `data[key]`."""
    value = data.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def text(data: Mapping[str, Any], key: str) -> str | None:
    """Return the string `data[key]`, or None."""
    value = data.get(key)
    return value if isinstance(value, str) else None


def names(entries: Iterable[Entry]) -> list[str]:
    """Return the names of all named entries."""
    return [name for _, entry in entries if (name := text(entry, "name")) is not None]


def _order(entry: Entry) -> float:
    order = entry[1].get("order")
    return order if isinstance(order, int | float) else 0
