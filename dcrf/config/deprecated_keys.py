"""Replace deprecated keys of older files by their present names, as the schemas list them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.schema_lookup import nodes_of, schemas
from dcrf.errors import Problem

_DEPRECATED = "x-deprecated-names"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A deprecated key: its JSON path in the file, and the path under its present name."""

    old: str
    new: str

    @property
    def note(self) -> str:
        """A sentence for the log that names both keys."""
        return f"{self.old} is deprecated; write {self.new.rsplit('.', 1)[-1]!r}"


def other_spelling(key: str) -> str | None:
    """Return the deprecated name of a key, or the present name of a deprecated one.

    A key that means another one by its `x-means` counts as deprecated.
    """
    return _spellings().get(key)


def rename(data: dict[str, Any]) -> tuple[list[Renamed], list[Problem]]:
    """Rename all deprecated keys of a method, in place.

    Returns:
        The renamed keys, and a problem for each object that has a key under both names.
    """
    renamed: list[Renamed] = []
    problems: list[Problem] = []
    for node in list(nodes_of(data).values()):
        if not isinstance(node.value, dict):
            continue
        for old, new in _deprecated(node.properties):
            if old not in node.value:
                continue
            change = Renamed(child(node.path, old), child(node.path, new))
            if new in node.value:
                message = f"{old!r} and {new!r} mean the same"
                problems.append(Problem(change.old, message, f"keep {new!r}"))
                del node.value[old]
            else:
                node.value[new] = node.value.pop(old)
                renamed.append(change)
    return renamed, problems


def _deprecated(properties: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield (deprecated name, present name) for the keys of an object."""
    for key, keywords in properties.items():
        yield from ((old, key) for old in keywords.get(_DEPRECATED, ()))


@cache
def _spellings() -> Mapping[str, str]:
    """Return deprecated name -> present name for every key of every schema, and the reverse."""
    present = dict(pair for schema in schemas() for pair in _deprecated_within(schema))
    return present | {new: old for old, new in present.items()}


def _deprecated_within(schema: Any) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            known = {key: value for key, value in properties.items() if isinstance(value, dict)}
            yield from _deprecated(known)
            yield from ((key, new) for key in known for new in known[key].get("x-means", ()))
        for inner in schema.values():
            yield from _deprecated_within(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _deprecated_within(inner)
