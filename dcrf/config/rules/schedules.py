"""Check the numbers of schedules: their order, and the bounds of the key that they are for."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeGuard

from dcrf.config.json_paths import child
from dcrf.config.rules.schema_errors import BOUNDS, out_of_range
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import SCHEDULES


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every number of a schedule that its key or its order forbids."""
    return [p for key in schedules(nodes) for node in key.walk() for p in _problems(node, key)]


def schedules(nodes: Nodes) -> Iterator[Node]:
    """Yield the keys whose value is an entry of a schedule."""
    for node in nodes.values():
        is_schedule = node.keywords.get("x-component") == SCHEDULES.kind
        if is_schedule and isinstance(node.value, dict):
            yield node


def values(key: Node) -> Iterator[Node]:
    """Yield the numbers between which all values of a schedule lie."""
    for node in key.walk():
        if node.keywords.get("x-value") and _is_number(node.value):
            yield node


def _problems(node: Node, key: Node) -> Iterator[Problem]:
    yield from _out_of_range(node, key)
    yield from _ends_before_it_starts(node)
    yield from _out_of_order(node)


def _out_of_range(node: Node, key: Node) -> Iterator[Problem]:
    """Check a value of the schedule against the bounds of its key."""
    if not (node.keywords.get("x-value") and _is_number(node.value)):
        return
    for keyword in BOUNDS.keys() & key.keywords.keys():
        limit = key.keywords[keyword]
        if _breaks(node.value, keyword, limit):
            message = out_of_range(node.value, keyword, limit)
            yield Problem(node.path, message, key.keywords.get("description", ""))


def _breaks(value: float, keyword: str, limit: float) -> bool:
    return {
        "minimum": value < limit,
        "exclusiveMinimum": value <= limit,
        "maximum": value > limit,
        "exclusiveMaximum": value >= limit,
    }[keyword]


def _ends_before_it_starts(node: Node) -> Iterator[Problem]:
    """Check a number that must be greater than the sibling key in its `x-more-than`."""
    if other := node.keywords.get("x-more-than"):
        least = node.parents[-1].value.get(other)
        if _is_number(node.value) and _is_number(least) and node.value <= least:
            message = f"{node.value} is not greater than {other}, {least}"
            yield Problem(node.path, message, f"write more than {least}")


def _out_of_order(node: Node) -> Iterator[Problem]:
    """Check that the first numbers of the items of a list ascend, if it is `x-ascending`."""
    if not (node.keywords.get("x-ascending") and isinstance(node.value, list)):
        return
    firsts = [item[0] if isinstance(item, list) and item else None for item in node.value]
    for index, (before, first) in enumerate(pairwise(firsts), start=1):
        if _is_number(before) and _is_number(first) and first <= before:
            message = f"{first} follows {before}, but these numbers ascend"
            yield Problem(child(node.path, index), message, node.keywords.get("description", ""))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
