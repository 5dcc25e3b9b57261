"""The parts of a method by name, in the present and in the older spellings of a method file.

A part is a mapping, `centroids`, or `assignment`: the parameters that the cluster assignment
strategy owns. Older files name mappings and centroids by keys of their own, read only here.
"""

from collections.abc import Mapping
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.safe_lookup import Entry, names, objects, subobject, text, texts
from dcrf.config.schema_lookup import Node, Nodes

CENTROIDS = "centroids"
ASSIGNMENT = "assignment"
STRATEGY_PARTS = (CENTROIDS, ASSIGNMENT)
"""All parts that a cluster assignment strategy may provide."""

Named = tuple[str, str, Mapping[str, Any]]
"""JSON path of an entry, name of its part, and the entry."""


def part_names(nodes: Nodes) -> list[str]:
    """Return the names that a part may have: those of mappings, and of parts of any strategy."""
    return [*names(objects(nodes["$"].value, "mappings")), *STRATEGY_PARTS]


def strategy_parts(strategy: Node) -> set[str]:
    """Return the parts that the cluster assignment strategy provides."""
    if not isinstance(strategy.value, dict):
        return set()
    by_key = (strategy.properties.get(key, {}).get("x-provides") for key in strategy.value)
    return strategy.union("x-provides") | {part for part in by_key if part}


def phases_of_parts(strategy: Node) -> dict[str, list[str]]:
    """Return each part that starts with a phase -> the names of the phases that use it."""
    provided = strategy_parts(strategy)
    keys = {words.get("x-initializes"): key for key, words in strategy.properties.items()}
    return {p: texts(strategy.value, key) for p, key in keys.items() if p in provided}


def trained_parts(optimizer: Entry) -> dict[str, str]:
    """Return each part that an optimizer trains -> the JSON path that names it."""
    path, entry = optimizer
    parts = {
        name: child(child(path, key), index)
        for key in ("trained_mapping_names", "trained_parts")
        for index, name in enumerate(texts(entry, key))
    }
    if entry.get("optimizes_centroids") is True:
        parts.setdefault(CENTROIDS, child(path, "optimizes_centroids"))
    return parts


def saved_parts(phase: Entry) -> list[Named]:
    """Return the saves of a phase."""
    path, entry = phase
    saves = [
        *_named(phase, "save_mapping_parameters", "mapping_name"),
        *_named(phase, "save_parameters", "part_name"),
    ]
    if centroids := subobject(entry, "save_centroids"):
        saves.append((child(path, "save_centroids"), CENTROIDS, centroids))
    return saves


def suffix_of(save: Mapping[str, Any]) -> str:
    """Return the suffix of a saved file in a folder; older spellings save as torch does."""
    return ".safetensors" if "part_name" in save else ".pth"


def loaded_parts(phase: Entry) -> list[Named]:
    """Return the loads of a phase."""
    return [
        *_named(phase, "load_mapping_parameters", "mapping_name"),
        *_named(phase, "load_parameters", "part_name"),
    ]


def _named(phase: Entry, key: str, part_key: str) -> list[Named]:
    path, entry = phase
    return [(place, text(item, part_key) or "", item) for place, item in objects(entry, key, path)]
