"""Write out everything that a method file leaves unsaid."""

import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from dcrf.config.safe_lookup import Entry, enabled, names, objects, subobject, text
from dcrf.config.schema_lookup import Node, Schema, root
from dcrf.schema.registry import DESIGN_PATTERNS


@dataclass(frozen=True, slots=True)
class _Context:
    """What some defaults depend on: where the file lies, and what the method declares."""

    folder: Path
    feature_extractor: str | None


def filled(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a copy of a method's data with all defaults, whole numbers and absolute paths.

    What has another shape than it should is left as it is.

    Args:
        data: a method, perhaps with mistakes.
        folder: where relative paths start.
    """
    extractors = (
        text(mapping, "name") or "feature_extractor"
        for _, mapping in objects(data, "mappings")
        if mapping.get("type") == "feature_extractor"
    )
    everything = _filled(root(data), _Context(folder, next(extractors, None)))
    _name(everything)
    phases = names(objects(everything, "phases"))
    for _, dataset in objects(everything, "datasets"):
        dataset.setdefault("phases", list(phases))
    strategy = subobject(everything, "cluster_assignment_strategy")
    if "centroid_initialization_strategy" in strategy:
        strategy.setdefault("use_centroids_during_phases", list(phases))
    return everything


def _filled(node: Node, context: _Context) -> Any:
    value = node.value
    if isinstance(value, dict):
        known = {key: _filled(node.child(key, item), context) for key, item in value.items()}
        return known | dict(_missing(node, context))
    if isinstance(value, list):
        return [_filled(child, context) for child in node.children()]
    if isinstance(value, str) and node.keywords.get("x-path"):
        return os.path.normpath(context.folder.absolute() / value)
    if isinstance(value, float) and value.is_integer() and node.keywords.get("type") == "integer":
        return int(value)
    return value


def _missing(node: Node, context: _Context) -> Iterator[tuple[str, Any]]:
    for key, keywords in node.properties.items():
        if key not in node.value and (default := _default(keywords, context)) is not None:
            yield key, default


def _default(keywords: Schema, context: _Context) -> Any:
    if "x-default" in keywords:
        return context.feature_extractor
    return deepcopy(keywords.get("default"))


def _name(data: dict[str, Any]) -> None:
    """Give a name to every mapping, data set and design pattern that has none, in place."""
    for _, mapping in objects(data, "mappings"):
        if "type" in mapping:
            mapping.setdefault("name", mapping["type"])
    _number(enabled(data, "datasets"), lambda dataset: text(dataset, "dataset"))
    for _, dataset in objects(data, "datasets"):
        if "dataset" in dataset:  # a disabled one takes no name from those that run
            dataset.setdefault("name", dataset["dataset"])
    for _, phase in objects(data, "phases"):
        _number(objects(phase, "design_patterns"), _stem)


def _stem(pattern: dict[str, Any]) -> str | None:
    return DESIGN_PATTERNS.stems.get(text(pattern, "pattern") or "")


def _number(entries: list[Entry], plain: Callable[[dict[str, Any]], str | None]) -> None:
    """Call them by their plain name, then `name_2` and so on in the order of the file."""
    taken = set(names(entries))
    for _, entry in entries:
        word = plain(entry)
        if word and "name" not in entry:
            numbered = (f"{word}_{number}" for number in count(2))
            entry["name"] = next(name for name in chain([word], numbered) if name not in taken)
            taken.add(entry["name"])
