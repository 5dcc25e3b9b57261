"""All schema files in one document that refers to no other file, for editors.

It does what `dcrf run --validate` does with single values. References between entries, sizes and
data are checked by dcrf only.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dcrf.schema.editor_hints import with_hints, with_names
from dcrf.schema.package_data import SCHEMA, json_content, json_files
from dcrf.schema.registry import KINDS

METHOD = "method"
_CHANGES = "changes."
"""Begins the name of a definition whose entries may be incomplete."""
_REMOVAL = "removal"

_ONE, _LIST, _TABLE = (
    {"items", "additionalProperties", "not", "if", "then", "else"},
    {"allOf", "anyOf", "oneOf", "prefixItems"},
    {"properties", "$defs"},
)
"""Keywords with a schema, a list of schemas, a schema for each key."""
_OF_COMPLETE = ("required", "oneOf", "minProperties", "minItems")
"""Keywords that ask for keys or items that the base may have."""
_DEPRECATED = "x-deprecated-names"
_TEXTS = ("description", "default", "deprecationMessage")
REFERENCES = ("x-refers-to", "x-names", "x-layer-of", "x-layer-within")
"""Annotations of values that name something in the same file."""


def bundled() -> dict[str, Any]:
    """Return the schema of method files, draft 2020-12, with every other schema in its `$defs`.

    A file that extends another one, or is the base of others, has parts of a method only. It is
    checked by the same schemas without the keys that they require.
    """
    files = [SCHEMA, *(registry.folder for registry in KINDS.values())]
    paths = [file for folder in files for file in json_files(folder)]
    read = {_name(f): _with_deprecated_keys(json_content(f)) for f in paths}
    schemas = {name: with_names(schema, name) for name, schema in read.items()}
    whole = {name: _local(schema, name, "") for name, schema in schemas.items()}
    changes = {
        _CHANGES + name: _incomplete(_local(schema, name, _CHANGES))
        for name, schema in schemas.items()
    }
    method = schemas[METHOD]
    return {
        "$schema": method["$schema"],
        "title": method["title"],
        "description": method["description"],
        "if": {"anyOf": [{"required": ["extends"]}, {"required": ["abstract"]}]},
        "then": {"$ref": f"#/$defs/{_CHANGES}{METHOD}"},
        "else": {"$ref": f"#/$defs/{METHOD}"},
        "$defs": {**whole, **changes, _REMOVAL: _removal()},
    }


def _name(file: Path) -> str:
    """Return the name of a schema file in `$defs`."""
    return ".".join(file.relative_to(SCHEMA).with_suffix("").parts)


def _with_deprecated_keys(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema whose objects have their deprecated keys too, which editors strike out."""
    result = _mapped(schema, _with_deprecated_keys)
    spellings = {
        key: value[_DEPRECATED]
        for key, value in result.get("properties", {}).items()
        if isinstance(value, Mapping) and _DEPRECATED in value
    }
    for key, older in spellings.items():
        message = f"deprecated; write {key!r}"
        deprecated = {**result["properties"][key], "deprecationMessage": message}
        result = _mapped(result, partial(_or_asks_for, key, older))
        result["properties"] |= dict.fromkeys(older, deprecated)
        if key in result.get("required", ()):
            result["required"] = [each for each in result["required"] if each != key]
            one_of_them = {"anyOf": [{"required": [name]} for name in (key, *older)]}
            result["allOf"] = [*result.get("allOf", ()), one_of_them]
    return result


def _or_asks_for(key: str, older: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with a choice of its deprecated names beside every choice of a key."""
    branches = schema.get("anyOf", ())
    if not any(key in branch.get("required", ()) for branch in branches):
        return dict(schema)
    return {**schema, "anyOf": [*branches, *({"required": [name]} for name in older)]}


def _local(schema: Mapping[str, Any], name: str, prefix: str) -> dict[str, Any]:
    """Return a schema with hints whose references lead to `$defs`.

    Of our annotations, it keeps those of names in the same file.

    Args:
        schema: of the file, or within it.
        name: of the file in `$defs`.
        prefix: of the definitions that references lead to.
    """
    local = _mapped(with_hints(schema), lambda inner: _local(inner, name, prefix))
    if "$ref" in local:
        local["$ref"] = _reference(local["$ref"], name, prefix)
    others = {key for key in local if key.startswith("x-")} - {*REFERENCES}
    return {key: value for key, value in local.items() if key not in {"$schema", *others}}


def _reference(reference: str, name: str, prefix: str) -> str:
    """Return the place in `$defs` of a reference in a file."""
    path, _, pointer = reference.partition("#")
    folder = name.split(".")[:-1]
    for part in path.split("/") if path else ():
        folder = folder[:-1] if part == ".." else [*folder, part.removesuffix(".json")]
    target = ".".join(folder) if path else name
    return f"#/$defs/{prefix}{target}{pointer}"


def _mapped(
    schema: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Any]
) -> dict[str, Any]:
    """Return a schema with changed schemas directly within it. `true` and `false` stay."""

    def changed(inner: Any) -> Any:
        return change(inner) if isinstance(inner, Mapping) else inner

    result = dict(schema)
    for key, value in schema.items():
        if key in _ONE:
            result[key] = changed(value)
        elif key in _LIST:
            result[key] = [changed(inner) for inner in value]
        elif key in _TABLE:
            result[key] = {name: changed(inner) for name, inner in value.items()}
    return result


def _incomplete(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema for entries of which a base has the missing keys.

    A condition on a missing key says nothing there, so only those are kept that ask for the key,
    or for the type of the value.
    """
    kept = {k: v for k, v in schema.items() if k not in _OF_COMPLETE}
    condition = kept.pop("if", {})
    branches = {key: kept.pop(key) for key in ("then", "else") if key in kept}
    result = _mapped(kept, _incomplete)
    if "not" in kept:
        result["not"] = kept["not"]
    if "type" in condition or "required" in condition:
        has_else = "type" in condition
        result["if"] = condition
        result |= {k: _incomplete(v) for k, v in branches.items() if k == "then" or has_else}
    if "properties" in result:
        inner = result["properties"].items()
        result["properties"] = {key: _or_removed(value) for key, value in inner}
    if "items" in result:
        result["items"] = _or_removed(result["items"])
    return result


def _or_removed(schema: Any) -> Any:
    """Return a schema that also allows to remove the value of the base.

    Editors suggest values of `enum`, `anyOf` and defaults, but none of those within `else`.
    """
    if not isinstance(schema, Mapping):
        return schema
    removal = {"$ref": f"#/$defs/{_REMOVAL}"}
    types = schema.get("type", "object")
    if "object" not in types and not schema.keys() & {"if", "enum"}:
        types = [types] if isinstance(types, str) else types
        with_removal = {"if": {"type": "object"}, "then": removal}
        return {**schema, "type": [*types, "object"], **with_removal}
    removes = {"type": "object", "required": ["$remove"]}
    texts = {key: schema[key] for key in _TEXTS if key in schema}
    if "enum" in schema:
        return {**texts, "anyOf": [schema, {**removal, **removes}]}
    suggested = {"anyOf": [schema, {}]} if schema.keys() & {"$ref", "allOf"} else {}
    return {**texts, **suggested, "if": removes, "then": removal, "else": schema}


def _removal() -> dict[str, Any]:
    description = "Removes the entry or the key of the file that this one extends."
    return {
        "description": description,
        "type": "object",
        "properties": {"$remove": {"description": description, "const": True}},
    }
