"""Schemas of entries that name a class or function of torch: its arguments, types and defaults.

Editors read them. The validator checks calls by the tables of names, with better messages.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from dcrf.schema.explain import Explanation, Key, call_of
from dcrf.schema.package_data import SCHEMA, json_content
from dcrf.schema.special_words import AUTO, AUTO_ARGUMENTS

Schema = dict[str, Any]

_NAME_KEYS = ("type", "function_name", "dataset")
"""Keys of an entry marked `x-call` that name a class or function."""
_HOLDERS = ("positional_arguments", "parts")
"""Keys that may hold required arguments."""


def with_calls(schema: Mapping[str, Any], shared_keys: Collection[str], entry: str) -> Schema:
    """Return the schema of an entry marked `x-call` with every name and its arguments.

    Args:
        schema: of the entry. It has the keys of the framework, and few arguments.
        shared_keys: other keys that the entry may have.
        entry: the reference to this schema, for nested entries.
    """
    place, keys = schema["x-call"], schema["properties"]
    name_key = next(key for key in _NAME_KEYS if key in keys)
    framework = {k: v for k, v in keys.items() if v.get("x-framework")}
    arguments = {k: v for k, v in keys.items() if k not in framework}
    explained = {name: call_of(place, name) for name in _table(place)}
    texts = [_text(explanation) for explanation in explained.values()]
    branches, snippets = [], []
    older = {n: n.removesuffix("_") for n in explained} if place == "initializers" else {}
    for name, explanation in explained.items():
        call = _call(place, explanation, {*framework, *shared_keys}, entry)
        call["properties"] |= {k: v for k, v in arguments.items() if k in call["properties"]}
        spellings = [name, older.get(name, name)]
        branches.append({"if": has_value(name_key, spellings), "then": call})
        needed = {key: call["properties"][key] for key in _table(place)[name].get("required", ())}
        snippets.append(snippet({name_key: name}, needed))
    named = {
        **keys[name_key],
        "enum": [*explained, *older.values()],
        "enumDescriptions": [*texts, *(f"The same as {name}." for name in older)],
    }
    return {
        **schema,
        "properties": framework | {name_key: named},
        "allOf": [*schema.get("allOf", ()), *branches],
        "defaultSnippets": snippets,
    }


def has_value(key: str, values: Collection[str]) -> Schema:
    """Return the condition that a key has one of some values.

    Editors suggest the values of an `enum`, even within a condition, but not those of a `pattern`.
    """
    pattern = f"^({'|'.join(dict.fromkeys(values))})$"
    return {"required": [key], "properties": {key: {"type": "string", "pattern": pattern}}}


def snippet(named: Mapping[str, str], needed: Mapping[str, Schema]) -> Schema:
    """Return a suggestion of an entry with its required keys, whose values are left to fill in.

    Args:
        named: the key with the name of the part.
        needed: required key -> its schema.
    """
    places = {  # `^` writes a value without quotes
        key: f"${number}" if keywords.get("type") == "string" else f"^${number}"
        for number, (key, keywords) in enumerate(needed.items(), 1)
    }
    return {"label": next(iter(named.values())), "body": {**named, **places}}


def _call(place: str, explained: Explanation, free: Collection[str], entry: str) -> Schema:
    """Return the schema of the arguments of one class or function.

    Args:
        place: of its name.
        explained: the class or function.
        free: keys that are no arguments.
        entry: the reference to the schema of nested entries.
    """
    signature = _table(place)[explained.names[0]]
    call: Schema = {
        "properties": {key.name: _argument(place, signature, key, entry) for key in explained.keys}
    }
    if not signature.get("any_keyword"):
        call["properties"] |= dict.fromkeys(sorted(free), True)
        call["additionalProperties"] = False
    if needed := signature.get("required"):
        holders = [{"required": [key]} for key in _HOLDERS if key in free]
        rule = {"required": needed}
        call |= {"if": {"not": {"anyOf": holders}}, "then": rule} if holders else rule
    return call


def _argument(place: str, signature: Schema, key: Key, entry: str) -> Schema:
    """Return the schema of an argument."""
    name, defaults = key.name, signature.get("defaults", {})
    schema: Schema = {"description": _argument_text(key)}
    if name in defaults:
        schema["default"] = defaults[name]
    nothing = [None] if defaults.get(name, "") is None else []
    if name in signature.get("choices", {}):
        return {**schema, "enum": [*signature["choices"][name], *nothing]}
    if name in signature.get("entries", ()):
        nested = {"$ref": entry}
        return {**schema, "anyOf": [nested, {"not": {"type": "object"}}], "items": nested}
    if name in signature.get("references", {}):
        schema["x-names"] = "layer"
    types = _types(place, signature, name)
    if types and name in AUTO_ARGUMENTS and place == "layers":
        schema["anyOf"] = [{"enum": [AUTO]}, {"not": {"type": "string"}}]
        types = [*types, "string"]
    return {**schema, "type": [*types, *("null" for _ in nothing)]} if types else schema


def _types(place: str, signature: Schema, name: str) -> list[str]:
    """Return the JSON types of an argument, as far as its signature shows them; empty for any."""
    if name in signature.get("booleans", ()):
        return ["boolean"]
    if name in signature.get("strings", ()):
        return ["string"]
    if name not in signature.get("numbers", ()):
        return []
    is_whole = place == "layers" and name in signature.get("integers", ())
    return ["integer" if is_whole else "number", "array"]


def _argument_text(key: Key) -> str:
    """Return the description of an argument."""
    default = f"default {key.default}" if key.default is not None else ""
    facts = ", ".join(filter(None, [key.values, key.need, default]))
    return " ".join(filter(None, [key.description, f"({facts or 'optional'})"]))


def _text(explained: Explanation) -> str:
    """Return the description of a class or function, with its call and its source."""
    arguments = (k.name if k.default is None else f"{k.name}={k.default}" for k in explained.keys)
    call = f"{explained.names[0]}({', '.join(arguments)})"
    return "\n".join(filter(None, [call, explained.description, explained.source]))


@cache
def _table(place: str) -> dict[str, Schema]:
    return json_content(SCHEMA / "names" / f"{place}.json")["names"]
