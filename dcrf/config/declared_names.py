"""The names that a method file declares, by what they name, each with a description."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcrf.config import extends
from dcrf.config.defaults import add_names
from dcrf.config.parts import strategy_parts
from dcrf.config.safe_lookup import Entry, objects, objects_within, text
from dcrf.config.schema_lookup import nodes_of

_CLASSIFIER = "_classifier"
_STRATEGY = "$.cluster_assignment_strategy"


def declared_names(file: Path) -> dict[str, dict[str, str]]:
    """Return what a reference may name, as the annotations of schemas have it, -> name -> text.

    Args:
        file: a method file, possibly incomplete. Names of the files that it extends count.

    Raises:
        ConfigError: the file, or one that it extends, cannot be parsed.
    """
    data = extends.read(file).data
    add_names(data)
    mappings = objects(data, "mappings")
    of_type = [(text(mapping, "type") or "", (path, mapping)) for path, mapping in mappings]
    parts = _described(mappings, "type") | _parts_of_strategy(data)
    layers = _layers(mappings)
    return {
        "mapping": _described(mappings, "type"),
        "feature_extractor": _described([e for t, e in of_type if t == "feature_extractor"]),
        "classifier": _described([e for t, e in of_type if t.endswith(_CLASSIFIER)], "type"),
        "part": parts,
        "part_or_layer": parts | layers,
        "layer": {name.partition(".")[2]: words for name, words in layers.items()},
        "phase": _described(objects(data, "phases")),
        "optimizer": _described(_inner(data, "phases", "optimizers"), "type"),
        "dataset": _described(objects(data, "datasets"), "dataset"),
        "view": _described(_inner(data, "datasets", "batch_augmentations")),
    }


def _described(entries: list[Entry], key: str = "") -> dict[str, str]:
    """Return the name of each named entry -> its JSON path, and the value of a key."""
    return {
        name: " ".join(filter(None, [text(entry, key), f"({path})"]))
        for path, entry in entries
        if (name := text(entry, "name"))
    }


def _inner(data: Mapping[str, Any], outer: str, key: str) -> list[Entry]:
    """Return the entries of a list in each entry of another list."""
    return [inner for path, entry in objects(data, outer) for inner in objects(entry, key, path)]


def _parts_of_strategy(data: Mapping[str, Any]) -> dict[str, str]:
    strategy = nodes_of(data).get(_STRATEGY)
    parts = set() if strategy is None else strategy_parts(strategy)
    return dict.fromkeys(sorted(parts), f"of the strategy ({_STRATEGY})")


def _layers(mappings: list[Entry]) -> dict[str, str]:
    """Return `mapping.layer` -> description of every named layer, also of nested ones."""
    return {
        f"{text(mapping, 'name')}.{name}": words
        for path, mapping in mappings
        for name, words in _described(
            [*objects_within(mapping.get("layers"), f"{path}.layers")], "type"
        ).items()
    }
