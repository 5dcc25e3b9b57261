"""Write out every default of a method: values, names, absolute paths and integers."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from dcrf.config.safe_lookup import Entry, enabled, names, objects, text
from dcrf.config.schema_lookup import Node, Schema, root
from dcrf.schema.registry import DESIGN_PATTERNS, KINDS


@dataclass(frozen=True, slots=True)
class _Context:
    """The folder of relative paths, and the defaults that depend on the method, by `x-default`."""

    folder: Path
    defaults: Mapping[str, Any]


def filled(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a copy of a method with all defaults, integers and absolute paths.

    Values of an unexpected type are copied unchanged.

    Args:
        data: a method, possibly invalid.
        folder: the folder at which relative paths start.
    """
    extractors = (
        text(mapping, "name") or "feature_extractor"
        for _, mapping in objects(data, "mappings")
        if mapping.get("type") == "feature_extractor"
    )
    defaults = {
        "first_feature_extractor": next(extractors, None),
        "all_phases": names(objects(data, "phases")),
    }
    method = _filled(root(data), _Context(folder, defaults))
    add_names(method)
    return method


def _filled(node: Node, context: _Context) -> Any:
    value = node.value
    if isinstance(value, dict):
        node = _with_arguments_moved(_with_meanings(node))
        present = {
            key: _filled(node.child(key, _entry(node.properties.get(key, {}), item)), context)
            for key, item in node.value.items()
        }
        return present | dict(_missing(node, context))
    if isinstance(value, list):
        entries = (_entry(node.keywords, item) for item in value)
        return [_filled(node.child(i, entry), context) for i, entry in enumerate(entries)]
    if isinstance(value, str) and node.keywords.get("x-path"):
        return os.path.normpath(context.folder.absolute() / value)
    if isinstance(value, float) and value.is_integer() and node.keywords.get("type") == "integer":
        return int(value)
    return value


def _entry(keywords: Schema, value: Any) -> Any:
    """Return the entry of a component whose value is only its name, any other value unchanged."""
    kind = keywords.get("x-component")
    return {KINDS[kind].key: value} if kind and isinstance(value, str) else value


def _with_meanings(node: Node) -> Node:
    """Write the present key in place of an older one whose `x-means` knows its value."""
    value = dict(node.value)
    for key, keywords in node.properties.items():
        for present, meanings in keywords.get("x-means", {}).items():
            meaning = meanings.get(json.dumps(value.get(key)))
            if key in value and meaning is not None and present not in value:
                del value[key]
                value[present] = meaning
    return replace(node, value=value)


def _with_arguments_moved(node: Node) -> Node:
    """Move keys that are arguments of a component, by their `x-argument-of`, into its entry.

    A key stays if the component has no such argument, or a value for it already. These are
    problems that `rules/components` reports.
    """
    value = dict(node.value)
    for key, keywords in node.properties.items():
        if key in value and "x-argument-of" in keywords:
            owner, argument = keywords["x-argument-of"], keywords["x-argument"]
            known = node.properties[owner]
            entry = node.child(owner, _entry(known, value.get(owner, known.get("default"))))
            is_free = isinstance(entry.value, dict) and argument not in entry.value
            if is_free and argument in entry.properties:
                value[owner] = {**entry.value, argument: value.pop(key)}
    return replace(node, value=value)


def _missing(node: Node, context: _Context) -> Iterator[tuple[str, Any]]:
    """Yield key and default of every missing key that has a default."""
    for key, keywords in node.properties.items():
        if key in node.value or not _is_due(keywords, node):
            continue
        if (default := _default(keywords, node, context)) is not None:
            yield key, _filled(node.child(key, _entry(keywords, default)), context)


def _is_due(keywords: Schema, node: Node) -> bool:
    """Whether the object has the key of `x-default-with`, if any, and one of its values."""
    needed = keywords.get("x-default-with", {})
    if isinstance(needed, str):
        return needed in node.value
    return all(node.value.get(key) in values for key, values in needed.items())


def _default(keywords: Schema, node: Node, context: _Context) -> Any:
    """Return the default of a key of the object `node`."""
    if "x-default" in keywords:
        return deepcopy(context.defaults[keywords["x-default"]])
    if "x-default-stem-of" in keywords:
        return _stem_of(text(node.value, keywords["x-default-stem-of"]) or "")
    return deepcopy(keywords.get("default"))


def _stem_of(path: str) -> str | None:
    """Return the name of a file without its ending, which may be double as in `a.csv.gz`."""
    return Path(Path(path).name.removesuffix(".gz")).stem or None


def add_names(data: dict[str, Any]) -> None:
    """Name every unnamed mapping, data set and design pattern of a method, in place."""
    for _, mapping in objects(data, "mappings"):
        if "type" in mapping:
            mapping.setdefault("name", mapping["type"])
    _number(enabled(data, "datasets"), lambda dataset: text(dataset, "dataset"))
    for _, dataset in objects(data, "datasets"):
        if "dataset" in dataset:  # disabled ones come last and may share a name
            dataset.setdefault("name", dataset["dataset"])
    for _, phase in objects(data, "phases"):
        _number(objects(phase, "design_patterns"), _stem)


def _stem(pattern: dict[str, Any]) -> str | None:
    return DESIGN_PATTERNS.stems.get(text(pattern, "pattern") or "")


def _number(entries: list[Entry], plain: Callable[[dict[str, Any]], str | None]) -> None:
    """Name unnamed entries by their plain name, then `name_2`, `name_3`, in file order."""
    taken = set(names(entries))
    for _, entry in entries:
        word = plain(entry)
        if word and "name" not in entry:
            numbered = (f"{word}_{number}" for number in count(2))
            entry["name"] = next(name for name in chain([word], numbered) if name not in taken)
            taken.add(entry["name"])
