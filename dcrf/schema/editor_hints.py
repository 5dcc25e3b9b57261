"""Suggestions of editors: every name of a part with its description, and entries to fill in.

They change no validation. `defaultSnippets`, `enumDescriptions` and `enumSortTexts` are keywords of
Visual Studio Code's language service.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dcrf.schema.editor_calls import Schema, has_value, snippet, with_calls
from dcrf.schema.explain import part
from dcrf.schema.registry import KINDS, Registry
from dcrf.schema.special_words import COMMENT


def with_names(schema: Mapping[str, Any], file: str) -> Schema:
    """Return the schema of a file with the names of all parts that its entries may name.

    Args:
        schema: of the file.
        file: its name, with dots between folders and without its ending.
    """
    folder, _, stem = file.rpartition(".")
    if not folder and stem in KINDS:
        return _of_kind(schema, KINDS[stem])
    registry = next((r for r in KINDS.values() if r.folder.name == folder), None)
    result = dict(schema)
    if "x-call" in schema:
        result = with_calls(schema, () if registry is None else registry.shared_keys, "#")
    if registry is not None:
        result = _of_part(result, registry)
    definitions = {
        name: with_calls(inner, (), f"#/$defs/{name}") if "x-call" in inner else inner
        for name, inner in schema.get("$defs", {}).items()
    }
    return {**result, "$defs": definitions} if definitions else result


def with_hints(schema: Mapping[str, Any]) -> Schema:
    """Return an object of a schema file, extended such that editors suggest what it allows.

    Editors take suggestions from the branches of `anyOf`, not from `then` and `else`. They also
    take them from conditions.
    """
    result = dict(schema)
    if branches := [*_branches(schema)]:
        result["allOf"] = [*schema.get("allOf", ()), {"anyOf": [*branches, {}]}]
    elif "if" in schema:
        result["if"] = _quiet(schema["if"])
    if schema.get("additionalProperties") is False:
        result["properties"] = {**schema.get("properties", {}), COMMENT: True}
    return result


def _branches(schema: Mapping[str, Any]) -> Iterator[Schema]:
    """Yield the schemas of a value that depend on its type only."""
    if schema.get("if", {}).keys() == {"type"}:
        yield schema["then"]
        yield from _branches(schema.get("else", {}))


def _quiet(condition: Mapping[str, Any]) -> Schema:
    """Return a condition from which editors suggest no values."""
    keys = condition.get("properties", {})
    values = {key: [k["const"]] if "const" in k else k.get("enum", ()) for key, k in keys.items()}
    quiet = {
        key: has_value(key, values[key])["properties"][key]
        for key in keys
        if values[key] and all(isinstance(value, str) for value in values[key])
    }
    return {**condition, "properties": {**keys, **quiet}} if quiet else dict(condition)


def _of_kind(schema: Mapping[str, Any], registry: Registry) -> Schema:
    """Return the schema that leads to parts, with their short names first, and entries of them."""
    ranked = sorted(_ranked_names(registry))
    stems = [registry.stems[name] for _, name in ranked]
    keys = (part["properties"][registry.key] for part in registry.schemas.values())
    default = next(({"default": key["default"]} for key in keys if "default" in key), {})
    named = {
        **schema["properties"][registry.key],
        **default,
        "enum": [name for _, name in ranked],
        "enumDescriptions": [_text(registry, stem) for stem in stems],
        "enumSortTexts": [f"{rank}{name}" for rank, name in ranked],
    }
    return {
        **schema,
        "properties": {**schema["properties"], registry.key: named},
        "defaultSnippets": [_snippet(registry, name) for rank, name in ranked if not rank],
    }


def _ranked_names(registry: Registry) -> Iterator[tuple[int, str]]:
    """Yield every name of every part, with 0 for the shortest name of a part and 1 for others."""
    for stem in registry.schemas:
        names = sorted((n for n, named in registry.stems.items() if named == stem), key=len)
        yield from ((min(place, 1), name) for place, name in enumerate(names))


def _snippet(registry: Registry, name: str) -> Schema:
    stem = registry.stems[name]
    properties = registry.properties(stem)
    required = registry.schemas[stem].get("required", ())
    needed = {key: properties[key] for key in required if key != registry.key}
    return snippet({registry.key: name}, needed)


def _text(registry: Registry, stem: str) -> str:
    """Return the description of a part with its formula."""
    explained = part(registry, stem)
    return "\n".join([explained.title, explained.description, *explained.formula])


def _of_part(schema: Mapping[str, Any], registry: Registry) -> Schema:
    """Return the schema of a part. The schema of its kind suggests its name."""
    return {**schema, "properties": {**schema["properties"], registry.key: True}}
