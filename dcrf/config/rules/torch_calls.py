"""The entries of a method file that name a class or function of torch or torchvision."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.rules.suggestions import closest
from dcrf.config.rules.torch_signatures import (
    POSITIONAL,
    check_call,
    check_input_argument,
    integers_in,
    is_known,
    with_integers,
)
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.safety.limits import CALL_ARGUMENTS, PROBLEMS_OF_A_KIND

_NAME_KEYS = {"functions": "function_name", "datasets": "dataset"}  # elsewhere `type`
_NESTING = ("layers", "transforms")
_ALIKE = 0.8


def problems(nodes: Nodes) -> list[Problem]:
    """Return names and arguments that are unknown or missing; of very many the first."""
    found = (problem for node in _calls(nodes) for problem in _call_problems(node))
    return list(islice(found, PROBLEMS_OF_A_KIND))


def make_integers(nodes: Nodes) -> None:
    """Write 256.0 as 256 where the signature means an integer, in place."""
    for node in list(_calls(nodes)):
        place, entry = node.keywords["x-call"], node.value
        name = entry.get(_name_key(place))
        entry.update(with_integers(place, name, node.arguments))
        if POSITIONAL in entry:
            entry[POSITIONAL] = integers_in(place, name, entry[POSITIONAL])
        for part in entry.get("parts", ()) if place == "datasets" else ():
            part.update(with_integers(place, name, part))


def _calls(nodes: Nodes) -> Iterator[Node]:
    for node in nodes.values():
        if "x-call" in node.keywords and isinstance(node.value, dict):
            yield from _with_nested(node)


def _with_nested(node: Node) -> Iterator[Node]:
    """Yield an entry and the entries among its arguments, to which the same schema applies."""
    yield node
    if node.keywords["x-call"] in _NESTING:
        given = {**node.arguments, POSITIONAL: node.value.get(POSITIONAL)}
        for key, value in given.items():
            for path, entry in _objects_in(value, child(node.path, key)):
                yield from _with_nested(Node(path, entry, node.schemas, (*node.parents, node)))


def _objects_in(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects_in(item, child(path, index))


def _call_problems(node: Node) -> list[Problem]:
    key = _name_key(node.keywords["x-call"])
    name = node.value.get(key)
    if not isinstance(name, str):
        return _nameless(node, key)
    found = _argument_problems(node, name, node.arguments)
    is_strange = not is_known(node.keywords["x-call"], name)  # then nothing is known of arguments
    for argument, meant in _misspelt(node).items() if found else ():
        others = {k: value for k, value in node.arguments.items() if k != argument}
        fewer = _argument_problems(node, name, others)
        if len(fewer) < len(found) or is_strange:  # the call does not take the argument
            path, remedy = child(node.path, argument), f"did you mean {meant!r}?"
            found = [*fewer, Problem(path, f"unknown key {argument!r}", remedy)]
    return found


def _nameless(node: Node, key: str) -> list[Problem]:
    """An entry within an entry is seen by no schema; elsewhere the schema says the same."""
    if key in node.value:
        return []
    others = [other for other in node.value if other not in node.properties]
    if written := closest(key, others):
        path = child(node.path, written)
        return [Problem(path, f"unknown key {written!r}", f"did you mean {key!r}?")]
    remedy = node.properties[key].get("description", "")
    return [Problem(node.path, f"the key {key!r} is missing", remedy)]


def _misspelt(node: Node) -> dict[str, str]:
    """Return argument -> key of the framework that it looks like."""
    known = [key for key, keywords in node.properties.items() if keywords.get("x-framework")]
    some = islice(node.arguments, CALL_ARGUMENTS)  # no call takes as many
    return {argument: guess for argument in some if (guess := closest(argument, known, _ALIKE))}


def _argument_problems(node: Node, name: str, arguments: dict[str, Any]) -> list[Problem]:
    place, entry = node.keywords["x-call"], node.value
    if place == "datasets":
        parts = entry.get("parts")
        parts = parts if isinstance(parts, list) and parts else [{}]
        given = [{**arguments, **part} for part in parts if isinstance(part, dict)]
        return [p for g in given for p in check_call(place, name, g, node.path, key="dataset")]
    listed = entry.get(POSITIONAL)
    positional = listed if isinstance(listed, list) else ()
    found = check_call(place, name, arguments, node.path, positional, _name_key(place))
    if place == "functions":
        found += check_input_argument(name, entry.get("input_argument_name"), node.path)
    return found


def _name_key(place: str) -> str:
    return _NAME_KEYS.get(place, "type")
