"""The entries of a method file that name a class or function of torch or torchvision."""

from collections.abc import Iterator
from typing import Any

from dcrf.config.places import child
from dcrf.config.schemas import Node
from dcrf.config.signatures import check_call, check_input_argument, integers_in, with_integers
from dcrf.errors import Problem

_NAME_KEYS = {"functions": "function_name", "datasets": "dataset"}  # elsewhere `type`
_NESTING = ("layers", "transforms")
_POSITIONAL = "positional_arguments"


def problems(method: Node) -> list[Problem]:
    """Return every name that is unknown, and every argument that is unknown or missing."""
    return [problem for node in _calls(method) for problem in _call_problems(node)]


def make_integers(method: Node) -> None:
    """Write 256.0 as 256 where the signature means an integer, in place."""
    for node in list(_calls(method)):
        place, entry = node.keywords["x-call"], node.value
        name = entry.get(_name_key(place))
        entry.update(with_integers(place, name, node.arguments))
        if _POSITIONAL in entry:
            entry[_POSITIONAL] = integers_in(place, name, entry[_POSITIONAL])
        for part in entry.get("parts", ()) if place == "datasets" else ():
            part.update(with_integers(place, name, part))


def _calls(method: Node) -> Iterator[Node]:
    for node in method.walk():
        if "x-call" in node.keywords and isinstance(node.value, dict):
            yield from _with_nested(node)


def _with_nested(node: Node) -> Iterator[Node]:
    """Yield an entry and the entries among its arguments, to which the same schema applies."""
    yield node
    if node.keywords["x-call"] in _NESTING:
        given = {**node.arguments, _POSITIONAL: node.value.get(_POSITIONAL)}
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
    place, entry = node.keywords["x-call"], node.value
    key = _name_key(place)
    name = entry.get(key)
    if not isinstance(name, str):
        return _nameless(node, key)
    if place == "datasets":
        return _dataset_problems(node, name)
    given = entry.get(_POSITIONAL)
    positional = given if isinstance(given, list) else ()
    found = check_call(place, name, node.arguments, node.path, positional, key)
    if place == "functions":
        argument = entry.get("input_argument_name")
        found += check_input_argument(name, argument, node.path)
    return found


def _nameless(node: Node, key: str) -> list[Problem]:
    """An entry within an entry is seen by no schema; elsewhere the schema says the same."""
    remedy = node.properties[key].get("description", "")
    return (
        [Problem(node.path, f"the key {key!r} is missing", remedy)] if key not in node.value else []
    )


def _dataset_problems(node: Node, name: str) -> list[Problem]:
    """Each part of a data set is made with the arguments of all parts and its own."""
    parts = node.value.get("parts")
    parts = parts if isinstance(parts, list) and parts else [{}]
    return [
        problem
        for part in parts
        if isinstance(part, dict)
        for problem in check_call(
            "datasets", name, {**node.arguments, **part}, node.path, key="dataset"
        )
    ]


def _name_key(place: str) -> str:
    return _NAME_KEYS.get(place, "type")
