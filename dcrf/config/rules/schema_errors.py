"""Turn every way in which a method breaks the schema into a problem that a person can act on."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from dcrf.config.json_paths import child
from dcrf.config.rules.suggestions import closest, listed
from dcrf.config.schema_lookup import METHOD, Node, Nodes, nodes_of, registry
from dcrf.errors import Problem
from dcrf.safety.limits import PROBLEMS_OF_A_KIND, QUOTED_VALUE_CHARACTERS

_LONG = 50  # of names with a short form, as those of patterns, only the short ones are listed
_BOUNDS = {
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


def problems(data: Any) -> list[Problem]:
    """Return every way in which `data` breaks the schema of methods, of very many the first."""
    validator = Draft202012Validator(METHOD, registry=registry())
    errors = list(islice(validator.iter_errors(data), PROBLEMS_OF_A_KIND))
    nodes = nodes_of(data) if errors else {}
    found = (problem for error in errors for problem in _explained(error, nodes))
    return list(islice(found, PROBLEMS_OF_A_KIND))


def suggestion(name: object, known: Iterable[object], free: Iterable[object] | None = None) -> str:
    """Return which of the known names may be meant, or all of them that are still free."""
    names = [str(k) for k in known]
    if guess := closest(str(name), names):
        return f"did you mean {guess!r}?"
    names = names if free is None else [str(k) for k in free]
    short = [n for n in names if len(n) <= _LONG] or names
    return f"allowed here: {listed(short)}" if names else "nothing is allowed here"


def shown(value: Any) -> str:
    """Return a value as it stands in the file, shortened."""
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
        yield Problem(path, _found(error), _remedy(error, node))


def _remedy(error: ValidationError, node: Node) -> str:
    """Return the description nearest to what was broken."""
    return error.schema.get("description") or node.keywords.get("description", "")


def _found(error: ValidationError) -> str:
    """Return in plain words what a value is and is not."""
    value, limit = shown(error.instance), error.validator_value
    match error.validator:
        case "type":
            return f"{value} is not {_kinds(limit)}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            return f"{value} is out of range, it must be {_BOUNDS[error.validator]} {limit}"
        case "minLength" | "minItems" | "minProperties":
            return f"{_empty(value)} is empty"  # no schema asks for more than one
        case "maxProperties":
            return f"these keys do not go together: {', '.join(error.instance)}"
        case "pattern":
            return f"{value} has a character that cannot be here"
    return f"{value} cannot be here together with the other keys"


def _kinds(given: str | list[str]) -> str:
    return " or ".join(_KINDS[kind] for kind in ([given] if isinstance(given, str) else given))


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
            found = f"unknown key {written!r}"
            yield Problem(child(node.path, written), found, f"did you mean {key!r}?")
        elif key not in error.instance:
            known = node.properties.get(key, {})
            words = [known["description"]] if "description" in known else []
            words += [suggestion(None, known["enum"])] if "enum" in known else []
            yield Problem(node.path, f"the key {key!r} is missing", " ".join(words))


def _meant(key: str, entry: Mapping[str, Any], node: Node) -> str | None:
    """Return the key of an object that is meant to be a missing one, if there is any."""
    others = [other for other in entry if other not in node.properties]
    return closest(key, others)


def _unknown_value(error: ValidationError, node: Node) -> Iterator[Problem]:
    if isinstance(error.instance, str):
        found = f"unknown value {shown(error.instance)}"
        yield Problem(node.path, found, suggestion(error.instance, error.validator_value))
    elif "type" not in error.schema:
        yield Problem(node.path, f"{shown(error.instance)} is not a string", _remedy(error, node))


def _refused_key(error: ValidationError, node: Node) -> Iterator[Problem]:
    """Explain `not`, which forbids keys beside others, or values; `not: {}` forbids any value."""
    refused = error.validator_value
    if refused and "required" not in refused:
        yield Problem(node.path, _found(error), _remedy(error, node))
    elif not refused:
        yield _misplaced(node.path, error.absolute_path[-1], error, node)
    elif isinstance(error.instance, dict):  # of anything else it is said that it is no object
        for key in refused["required"]:
            yield _misplaced(child(node.path, key), key, error, node)


def _misplaced(path: str, key: str | int, error: ValidationError, node: Node) -> Problem:
    return Problem(path, f"the key {key!r} does not belong here", _remedy(error, node))


def _repeated(error: ValidationError, node: Node) -> Iterator[Problem]:
    items = error.instance
    for index, item in enumerate(items):
        if item in items[:index]:
            found = f"{shown(item)} stands in this list twice"
            yield Problem(child(node.path, index), found, "name it once")


def _no_choice(error: ValidationError, node: Node) -> Iterator[Problem]:
    """Explain `anyOf` and `oneOf`, whose choices mostly are keys to give."""
    choices = [choice.get("required", ()) for choice in error.validator_value]
    keys = [" and ".join(map(repr, choice)) for choice in choices if choice]
    number = "one" if error.validator == "anyOf" else "exactly one"
    found = f"{number} of these is needed: {', or '.join(keys)}" if keys else _found(error)
    yield Problem(node.path, found, _remedy(error, node))


_SPECIAL: Mapping[str, Callable[[ValidationError, Node], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "enum": _unknown_value,
    "not": _refused_key,
    "anyOf": _no_choice,
    "oneOf": _no_choice,
    "uniqueItems": _repeated,
}
