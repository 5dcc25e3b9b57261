"""Mutate a method file as people mistype it: one mistake at a time, at every value."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.config.defaults import filled
from dcrf.config.json_paths import child
from dcrf.config.schema_lookup import Nodes, nodes_of

REFERRING = ("x-refers-to", "x-names", "x-layer-of", "x-layer-within")
FREE = ("$schema", "description", "references")
"""Keys whose values are for people and editors."""


@dataclass(frozen=True)
class Mutation:
    """A method file with one mistake.

    kind: of the mistake.
    data: the content of the file.
    path: of the mistake.
    around: the paths of the nearest entries around it, at which it may be reported as well.
    change: the old and the new value.
    """

    kind: str
    data: dict[str, Any]
    path: str
    around: tuple[str, ...]
    change: str


def mutations(data: dict[str, Any], folder: Path) -> Iterator[Mutation]:
    """Yield all mutations of a method file."""
    nodes = {**nodes_of(data), **nodes_of(filled(data, folder))}  # defaults move some keys
    for steps, value in places(data):
        yield from _misspelt(data, steps, value)
        yield from _of_value(data, steps, value, nodes)


def places(value: Any, steps: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """Yield the keys and indices that lead to each value, and the value."""
    yield steps, value
    if not isinstance(value, dict | list):
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield from places(item, (*steps, key))


def misspelt(key: str) -> str:
    """Return a key without its middle letter, or with its only letter doubled."""
    return key[: len(key) // 2] + key[len(key) // 2 + 1 :] if len(key) > 1 else key * 2


def _misspelt(data: dict[str, Any], steps: tuple, value: Any) -> Iterator[Mutation]:
    for key in value if isinstance(value, dict) else ():
        changed = deepcopy(data)
        holder = _at(changed, steps)
        items = [(misspelt(k) if k == key else k, v) for k, v in holder.items()]
        holder.clear()
        holder.update(items)
        path = child(_path(steps), misspelt(key))
        yield Mutation("misspelt key", changed, path, (), f"{key} -> {misspelt(key)}")


def _of_value(data: dict[str, Any], steps: tuple, value: Any, nodes: Nodes) -> Iterator[Mutation]:
    if not steps or steps[0] in FREE:
        return
    keywords = nodes[_path(steps)].keywords
    if any(mark in keywords for mark in REFERRING) and isinstance(value, str):
        yield _replaced("broken reference", data, steps, f"{value}_of_nobody")
    elif "enum" in keywords or steps[-1] in ("type", "function_name", "dataset"):
        yield _replaced("unknown name", data, steps, f"{value}Ish")
    yield _replaced("wrong type", data, steps, _of_another_type(value))
    if isinstance(value, int | float) and not isinstance(value, bool) and value:
        yield _replaced("negated number", data, steps, -value)
        yield _replaced("zeroed number", data, steps, 0)


def _of_another_type(value: Any) -> Any:
    if isinstance(value, str):
        return 17
    return "text" if not isinstance(value, bool) else "yes"


def _replaced(kind: str, data: dict[str, Any], steps: tuple, new: Any) -> Mutation:
    changed = deepcopy(data)
    holder = _at(changed, steps[:-1])
    change = f"{json.dumps(holder[steps[-1]])[:40]} -> {json.dumps(new)}"
    holder[steps[-1]] = new
    return Mutation(kind, changed, _path(steps), _around(data, steps), change)


def _around(data: dict[str, Any], steps: tuple) -> tuple[str, ...]:
    """Return the paths from a value up to the nearest object around it that names a class."""
    paths = []
    for end in range(len(steps) - 1, 0, -1):
        paths.append(_path(steps[:end]))
        value = _at(data, steps[:end])
        if isinstance(value, dict):
            break
    return tuple(paths)


def _at(data: Any, steps: tuple) -> Any:
    for step in steps:
        data = data[step]
    return data


def _path(steps: tuple) -> str:
    path = "$"
    for step in steps:
        path = child(path, step)
    return path
