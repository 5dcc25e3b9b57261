"""Check the entries that name a class or function of torch or torchvision."""

from collections.abc import Iterator
from dataclasses import replace
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
    """Return unknown names, and unknown, missing and invalid arguments, up to the limit."""
    all_problems = (problem for node in _calls(nodes) for problem in _call_problems(node))
    return list(islice(all_problems, PROBLEMS_OF_A_KIND))


def make_integers(nodes: Nodes) -> None:
    """Convert 256.0 to 256 in arguments that are integers by their signature, in place."""
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
    """Yield an entry, and the entries nested in its arguments, which have the same schema."""
    yield node
    if node.keywords["x-call"] in _NESTING:
        arguments = {**node.arguments, POSITIONAL: node.value.get(POSITIONAL)}
        for key, value in arguments.items():
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
    all_problems = _argument_problems(node, name, node.arguments)
    is_unknown = not is_known(node.keywords["x-call"], name)  # so its arguments are unknown, too
    for argument, meant in _misspelled(node).items() if all_problems else ():
        others = {k: value for k, value in node.arguments.items() if k != argument}
        fewer = _argument_problems(node, name, others)
        if len(fewer) < len(all_problems) or is_unknown:  # the call has no such argument
            path, remedy = child(node.path, argument), f"did you mean {meant!r}?"
            all_problems = [*fewer, Problem(path, f"unknown key {argument!r}", remedy)]
    return all_problems


def _nameless(node: Node, key: str) -> list[Problem]:
    """Report a missing name as the schema does, which does not reach nested entries."""
    if key in node.value:
        return []
    others = [other for other in node.value if other not in node.properties]
    if written := closest(key, others):
        path = child(node.path, written)
        return [Problem(path, f"unknown key {written!r}", f"did you mean {key!r}?")]
    remedy = node.properties[key].get("description", "")
    return [Problem(node.path, f"the key {key!r} is missing", remedy)]


def _misspelled(node: Node) -> dict[str, str]:
    """Return argument -> key of the framework that is probably meant."""
    known = [key for key, keywords in node.properties.items() if keywords.get("x-framework")]
    arguments = islice(node.arguments, CALL_ARGUMENTS)
    return {
        argument: guess for argument in arguments if (guess := closest(argument, known, _ALIKE))
    }


def _argument_problems(node: Node, name: str, arguments: dict[str, Any]) -> list[Problem]:
    place, entry = node.keywords["x-call"], node.value
    if place == "datasets":
        parts = entry.get("parts")
        parts = parts if isinstance(parts, list) and parts else [{}]
        return [
            _in_part(problem, node.path, index, part)
            for index, part in enumerate(parts)
            if isinstance(part, dict)
            for problem in check_call(place, name, {**arguments, **part}, node.path, key="dataset")
        ]
    listed = entry.get(POSITIONAL)
    positional = listed if isinstance(listed, list) else ()
    all_problems = check_call(place, name, arguments, node.path, positional, _name_key(place))
    if place == "functions":
        all_problems += check_input_argument(name, entry.get("input_argument_name"), node.path)
    return all_problems


def _in_part(problem: Problem, path: str, index: int, part: dict[str, Any]) -> Problem:
    """Return a problem of a data set at the key of the part that has the key."""
    own = {child(path, key): key for key in part}
    if problem.path not in own:
        return problem
    return replace(problem, path=child(child(child(path, "parts"), index), own[problem.path]))


def _name_key(place: str) -> str:
    return _NAME_KEYS.get(place, "type")
