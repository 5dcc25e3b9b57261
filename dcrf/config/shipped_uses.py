"""Entries of shipped methods that use a part, as examples that work."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from dcrf.config.safe_lookup import objects_within
from dcrf.config.schema_lookup import registry as schemas
from dcrf.schema.package_data import SCHEMA, SHIPPED, json_content, json_files
from dcrf.schema.registry import Registry


@dataclass(frozen=True, slots=True)
class Use:
    """An entry of a shipped method that uses a part; `method` is the stem of its file."""

    method: str
    entry: Any


def shipped_uses(registry: Registry, stem: str) -> list[Use]:
    """Return the shortest entry of each shipped method that uses a part, the shortest one first.

    An entry is complete: one that changes an entry of another file is left out.
    """
    whole = {"$ref": (SCHEMA / f"{registry.kind}.json").as_uri()}
    validator = Draft202012Validator(whole, registry=schemas())
    names = {name for name, named in registry.stems.items() if named == stem}
    shortest = [
        min((Use(file.stem, entry) for entry in entries), key=_length)
        for file in json_files(SHIPPED, deep=True)
        if (entries := [*_complete(_content(file), registry, names, validator)])
    ]
    return sorted(shortest, key=_length)


def _content(file: Path) -> Any:
    return json_content(file)


def _complete(
    content: Any, registry: Registry, names: set[str], validator: Draft202012Validator
) -> Iterator[Any]:
    """Yield the complete entries of a part in a method, and keys with its name as a value."""
    for _, entry in objects_within(content, ""):
        if entry.get(registry.key) in names and validator.is_valid(entry):
            yield entry
        for key, value in entry.items():
            is_name = key == registry.kind and isinstance(value, str) and value in names
            is_list = key == f"{registry.kind}s" and isinstance(value, list)
            if is_name or (is_list and names & {*map(str, value)}):
                yield {key: value}


def _length(use: Use) -> int:
    return len(json.dumps(use.entry))
