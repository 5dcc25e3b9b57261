"""Explain every schema violation of a method as a problem with a remedy."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from dcrf.config.json_paths import child
from dcrf.config.rules.suggestions import closest, listed
from dcrf.config.schema_lookup import METHOD, Node, Nodes, Schema, nodes_of, registry
from dcrf.errors import Problem
from dcrf.safety.limits import PROBLEMS_OF_A_KIND, QUOTED_VALUE_CHARACTERS

_LONG = 50  # design patterns have long and short names; only the short ones are listed
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
_KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "null": "null",
}


def problems(data: Any, schema: Schema = METHOD) -> list[Problem]:
    """Return a problem for every violation of a schema, by default that of methods.

    At most `PROBLEMS_OF_A_KIND` are returned.
    """
    validator = Draft202012Validator(schema, registry=registry())
    errors = list(islice(validator.iter_errors(data), PROBLEMS_OF_A_KIND))
    nodes = nodes_of(data, schema) if errors else {}
    explained = (problem for error in errors for problem in _explained(error, nodes))
    return list(islice(explained, PROBLEMS_OF_A_KIND))


def suggestion(name: object, known: Iterable[object], free: Iterable[object] | None = None) -> str:
    """Return the known name that is probably meant, otherwise the `free` ones, as a remedy."""
    names = [str(k) for k in known]
    if guess := closest(str(name), names):
        return f"did you mean {guess!r}?"
    names = names if free is None else [str(k) for k in free]
    short = [n for n in names if len(n) <= _LONG] or names
    return f"allowed here: {listed(short)}" if names else "nothing is allowed here"


def out_of_range(value: Any, keyword: str, limit: float) -> str:
    """Return the message for a number that breaks `minimum` or another bound."""
    return f"{shown(value)} is out of range, it must be {BOUNDS[keyword]} {limit}"


def shown(value: Any) -> str:
    """Return a value for a message as the file spells it, shortened."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value)
    most = QUOTED_VALUE_CHARACTERS
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _explained(error: ValidationError, nodes: Nodes) -> Iterator[Problem]:
    path = "$"
    for key in error.absolute_path:
        path = child(path, key)
    node = nodes[path]
    special = _SPECIAL.get(error.validator)
    if special is not None:
        yield from special(error, node)
    else:
        yield Problem(path, _message(error), _remedy(error, node))


def _remedy(error: ValidationError, node: Node) -> str:
    """Return the most specific description of the violated rule."""
    return error.schema.get("description") or node.keywords.get("description", "")


def _message(error: ValidationError) -> str:
    """Return the value and the rule that it violates."""
    value, limit = shown(error.instance), error.validator_value
    match error.validator:
        case "type":
            return f"{value} is not {_kinds(limit)}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            return out_of_range(error.instance, error.validator, limit)
        case "minItems" | "maxItems" if limit > 1:
            return f"a list of {len(error.instance)}, not of {limit}"
        case "minLength" | "minItems" | "minProperties":
            return f"{_empty(value)} is empty"
        case "maxProperties":
            return f"these keys do not go together: {', '.join(error.instance)}"
        case "pattern":
            return f"{value} has an invalid character"
    return f"{value} does not go together with the other keys"


def _kinds(types: str | list[str]) -> str:
    return " or ".join(_KINDS[kind] for kind in ([types] if isinstance(types, str) else types))


def _empty(value: str) -> str:
    return "the text" if value == "''" else value


def _unknown_keys(error: ValidationError, node: Node) -> Iterator[Problem]:
    known = error.schema.get("properties", {})
    free = [name for name in known if name not in error.instance]
    for key in error.instance:
        if key not in known:
            remedy = suggestion(key, known, free)
            yield Problem(child(node.path, key), f"unknown key {key!r}", remedy)


def _missing_key(error: ValidationError, node: Node) -> Iterator[Problem]:
    for key in error.validator_value:
        if key not in error.instance and (written := _meant(key, error.instance, node)):
            remedy = f"did you mean {key!r}?"
            yield Problem(child(node.path, written), f"unknown key {written!r}", remedy)
        elif key not in error.instance:
            known = node.properties.get(key, {})
            sentences = [known["description"]] if "description" in known else []
            sentences += [suggestion(None, known["enum"])] if "enum" in known else []
            yield Problem(node.path, f"the key {key!r} is missing", " ".join(sentences))


def _meant(key: str, entry: Mapping[str, Any], node: Node) -> str | None:
    """Return the unknown key of an object that is probably a misspelled `key`."""
    others = [other for other in entry if other not in node.properties]
    return closest(key, others)


def _unknown_value(error: ValidationError, node: Node) -> Iterator[Problem]:
    if isinstance(error.instance, str):
        remedy = suggestion(error.instance, error.validator_value)
        yield Problem(node.path, f"unknown value {shown(error.instance)}", remedy)
    elif "type" not in error.schema:
        yield Problem(node.path, f"{shown(error.instance)} is not a string", _remedy(error, node))


def _refused_key(error: ValidationError, node: Node) -> Iterator[Problem]:
    """Explain `not`, which forbids values or combinations of keys; `not: {}` forbids a key."""
    refused = error.validator_value
    if refused and "required" not in refused:
        yield Problem(node.path, _message(error), _remedy(error, node))
    elif not refused:
        yield _misplaced(node.path, error.absolute_path[-1], error, node)
    elif isinstance(error.instance, dict):  # another error reports other types
        for key in refused["required"]:
            yield _misplaced(child(node.path, key), key, error, node)


def _misplaced(path: str, key: str | int, error: ValidationError, node: Node) -> Problem:
    return Problem(path, f"the key {key!r} does not belong here", _remedy(error, node))


def _repeated(error: ValidationError, node: Node) -> Iterator[Problem]:
    items = error.instance
    for index, item in enumerate(items):
        if item in items[:index]:
            message = f"{shown(item)} occurs twice in this list"
            yield Problem(child(node.path, index), message, "name it once")


def _no_choice(error: ValidationError, node: Node) -> Iterator[Problem]:
    """Explain `anyOf` and `oneOf`; most of their choices are required keys."""
    choices = [choice.get("required", ()) for choice in error.validator_value]
    keys = [" and ".join(map(repr, choice)) for choice in choices if choice]
    number = "one" if error.validator == "anyOf" else "exactly one"
    message = f"{number} of these is needed: {', or '.join(keys)}" if keys else _message(error)
    yield Problem(node.path, message, _remedy(error, node))


_SPECIAL: Mapping[str, Callable[[ValidationError, Node], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "enum": _unknown_value,
    "not": _refused_key,
    "anyOf": _no_choice,
    "oneOf": _no_choice,
    "uniqueItems": _repeated,
}
