"""Which parts of the schema say something about which value of a method file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import urljoin

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from dcrf.config.json_paths import child
from dcrf.schema.registry import SCHEMA

Schema = Mapping[str, Any]


METHOD = {"$ref": (SCHEMA / "method.json").as_uri()}
_FOLDERS = (SCHEMA, SCHEMA / "design_patterns", SCHEMA / "cluster_assignment_strategies")


@cache
def registry() -> Registry:
    """Return all schemas by their URI."""
    files = (file for folder in _FOLDERS for file in folder.glob("*.json"))
    resources = (
        (f.as_uri(), DRAFT202012.create_resource(json.loads(f.read_text()))) for f in files
    )
    return Registry().with_resources(resources).crawl()


def schemas() -> list[Schema]:
    """Return the content of every schema file."""
    return [registry()[uri].contents for uri in registry()]


@cache
def _lookup(base: str, reference: str) -> tuple[str, Any]:
    """Return the URI and the schema that a reference leads to."""
    uri = urljoin(base, reference)
    return uri, registry().resolver().lookup(uri).contents


@dataclass(frozen=True)
class Applied:
    """A schema without a `$ref`, and the URI from which the references in it start."""

    schema: Schema
    base: str

    def about(self, key: str | int) -> list["Applied"]:
        """Return what it says of one key of an object, or of the items of a list."""
        if isinstance(key, int):
            found = self.schema.get("items")
        else:
            found = self.schema.get("properties", {}).get(key)
        return list(_followed(found, self.base))


@dataclass(frozen=True)
class Node:
    """A value in a method file, with every schema that applies to it.

    path: its JSON path.
    parents: what it lies in, the nearest last.
    """

    path: str
    value: Any
    schemas: Sequence[Applied]
    parents: tuple["Node", ...] = field(default=(), repr=False)

    @cached_property
    def keywords(self) -> Schema:
        """The keywords of all its schemas; the first that has one says what it is."""
        return merged(self.schemas)

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        """The keys that its schemas know, each with the keywords of its own schemas."""
        keys = dict.fromkeys(key for s in self.schemas for key in s.schema.get("properties", ()))
        return {key: merged(self._about(key)) for key in keys}

    @property
    def arguments(self) -> dict[str, Any]:
        """What an object says to the component that it describes, without the framework's keys."""
        return {
            key: value
            for key, value in self.value.items()
            if not self.properties.get(key, {}).get("x-framework")
        }

    def union(self, keyword: str) -> set[str]:
        """Return all items that any schema of this value lists under a keyword."""
        return {item for applied_ in self.schemas for item in applied_.schema.get(keyword, ())}

    def children(self) -> Iterator["Node"]:
        """Yield the values in an object or list."""
        for key, value in _items(self.value):
            yield self.child(key, value)

    def child(self, key: str | int, value: Any) -> "Node":
        """Return the node of a value at a key, which need not be there yet."""
        schemas = [found for s in self._about(key) for found in applied(s, value)]
        return Node(child(self.path, key), value, schemas, (*self.parents, self))

    def walk(self) -> Iterator["Node"]:
        """Yield this node and everything in it."""
        yield self
        for node in self.children():
            yield from node.walk()

    def _about(self, key: str | int) -> list[Applied]:
        return [found for s in self.schemas for found in s.about(key)]


Nodes = Mapping[str, Node]
"""JSON path -> node."""


def root(data: Any) -> Node:
    """Return the node of a whole method."""
    found = _followed(METHOD, "")
    return Node("$", data, [every for s in found for every in applied(s, data)])


def nodes_of(data: Any) -> Nodes:
    """Return the nodes of everything in a method."""
    return {node.path: node for node in root(data).walk()}


def applied(given: Applied, value: Any) -> Iterator[Applied]:
    """Yield a schema, and those that its `allOf` and `if` apply to the same value."""
    yield given
    inner = list(given.schema.get("allOf", ()))
    if "if" in given.schema:
        holds = Draft202012Validator(given.schema["if"]).is_valid(value)
        inner.append(given.schema.get("then" if holds else "else", {}))
    for schema in inner:
        for found in _followed(schema, given.base):
            yield from applied(found, value)


def merged(schemas: Sequence[Applied]) -> Schema:
    """Return the keywords of several schemas; the first that has one says what it is."""
    return {key: value for s in reversed(schemas) for key, value in s.schema.items()}


def _followed(schema: Any, base: str) -> Iterator[Applied]:
    """Yield what a schema is after its references; nothing for `true` and `false`."""
    while isinstance(schema, Mapping) and "$ref" in schema:
        base, schema = _lookup(base, schema["$ref"])
    if isinstance(schema, Mapping):
        yield Applied(schema, base)


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
