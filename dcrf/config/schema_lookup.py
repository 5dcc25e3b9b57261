"""Pair every value of a method with the schemas that apply to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import urljoin

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from dcrf.config.json_paths import child
from dcrf.schema.package_data import SCHEMA, json_content, json_files
from dcrf.schema.registry import KINDS

Schema = Mapping[str, Any]

METHOD = {"$ref": (SCHEMA / "method.json").as_uri()}
KIND_BY_URI = {(SCHEMA / f"{kind}.json").as_uri(): registry for kind, registry in KINDS.items()}
"""URI of the schema of an entry -> the registry of its kind."""
_CONDITION = {"if", "then", "else"}
_FOLDERS = (SCHEMA, *(registry.folder for registry in KINDS.values()))


@cache
def registry() -> Registry:
    """Return all schemas by their URI."""
    files = (file for folder in _FOLDERS for file in json_files(folder))
    resources = ((f.as_uri(), DRAFT202012.create_resource(json_content(f))) for f in files)
    return Registry().with_resources(resources).crawl()


def schemas() -> list[Schema]:
    """Return the content of every schema file."""
    return [registry()[uri].contents for uri in registry()]


@dataclass(frozen=True)
class Subschema:
    """A schema that is not a `$ref`, and the URI to which its own references are relative."""

    schema: Schema
    base: str

    def of(self, key: str | int) -> Iterator["Subschema"]:
        """Yield the schema of a key of an object, or of the items of a list."""
        if isinstance(key, int):
            first = self.schema.get("prefixItems", ())
            inner = first[key] if key < len(first) else self.schema.get("items")
        else:
            others = self.schema.get("additionalProperties")
            inner = self.schema.get("properties", {}).get(key, others)
        yield from _resolved(inner, self.base)


@dataclass(frozen=True)
class Node:
    """A value of a method and all schemas that apply to it.

    path: its JSON path.
    parents: the values that contain it, the innermost last.
    """

    path: str
    value: Any
    schemas: Sequence[Subschema]
    parents: tuple["Node", ...] = field(default=(), repr=False)

    @cached_property
    def keywords(self) -> Schema:
        """The keywords of all schemas; of equal ones, the first schema has precedence."""
        return _merged(self.schemas)

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        """The keys that the schemas know, each with its keywords."""
        keys = dict.fromkeys(key for s in self.schemas for key in s.schema.get("properties", ()))
        return {key: _merged(self._subschemas(key)) for key in keys}

    @property
    def arguments(self) -> dict[str, Any]:
        """The keys and values of an object that are arguments of the described component."""
        return {
            key: value
            for key, value in self.value.items()
            if not self.properties.get(key, {}).get("x-framework")
        }

    def union(self, keyword: str) -> set[str]:
        """Return all items that any schema of this value lists under a keyword."""
        return {item for s in self.schemas for item in s.schema.get(keyword, ())}

    def updated_parts(self) -> set[str]:
        """Return the names of the parts that a design pattern changes itself, by `x-updates`."""
        named = {
            self.value[key]
            for key, words in self.properties.items()
            if words.get("x-updates") and isinstance(self.value.get(key), str)
        }
        return named | self.union("x-updates")

    def children(self) -> Iterator["Node"]:
        """Yield the values in an object or list."""
        items: Iterable[tuple[str | int, Any]] = ()
        if isinstance(self.value, dict):
            items = self.value.items()
        elif isinstance(self.value, list):
            items = enumerate(self.value)
        for key, value in items:
            yield self.child(key, value)

    def child(self, key: str | int, value: Any) -> "Node":
        """Return the node of a value at a key, whether or not the key exists."""
        schemas = [applied for s in self._subschemas(key) for applied in _applied(s, value)]
        return Node(child(self.path, key), value, schemas, (*self.parents, self))

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all nodes within it."""
        yield self
        for node in self.children():
            yield from node.walk()

    def _subschemas(self, key: str | int) -> list[Subschema]:
        return [inner for s in self.schemas for inner in s.of(key)]


Nodes = Mapping[str, Node]
"""JSON path -> node."""


def root(data: Any, schema: Schema = METHOD) -> Node:
    """Return the node of a whole method, or of a file with another schema."""
    schemas = [applied for s in _resolved(schema, "") for applied in _applied(s, data)]
    return Node("$", data, schemas)


def nodes_of(data: Any, schema: Schema = METHOD) -> Nodes:
    """Return the nodes of a method, or of a file with another schema, and of all values within."""
    return {node.path: node for node in root(data, schema).walk()}


def _applied(subschema: Subschema, value: Any) -> Iterator[Subschema]:
    """Yield a schema, and those that its `allOf` and `if` apply to the same value.

    Schemas that say nothing themselves are left out: dispatch schemas have one `if` per part.
    """
    schema = subschema.schema
    if schema.keys() - _CONDITION:
        yield subschema
    inner = list(schema.get("allOf", ()))
    if "if" in schema:
        inner.append(schema.get("then" if _holds(schema["if"], value) else "else", {}))
    for other in inner:
        for resolved in _resolved(other, subschema.base):
            yield from _applied(resolved, value)


def _holds(condition: Schema, value: Any) -> bool:
    """Whether a value satisfies the condition of an `if`.

    Most conditions say which part an entry names, and every entry of a list of parts is held
    against those of all parts: they are decided without a validator.
    """
    names = _names_in(condition)
    if names is None or not isinstance(value, dict):
        return Draft202012Validator(condition).is_valid(value)
    key, allowed = names
    return isinstance(value.get(key), str) and value[key] in allowed


def _names_in(condition: Schema) -> tuple[str, Sequence[Any]] | None:
    """Return a required key and its names if a condition is about nothing else."""
    properties = condition.get("properties", {})
    if condition.keys() != {"properties", "required"} or condition["required"] != [*properties]:
        return None
    if len(properties) > 1:
        return None
    ((key, keywords),) = properties.items()
    allowed = keywords.get("enum", [keywords.get("const")])
    is_plain = len(keywords) == 1 and all(isinstance(name, str) for name in allowed)
    return (key, allowed) if is_plain else None


def _merged(schemas: Sequence[Subschema]) -> Schema:
    """Return the keywords of several schemas; of equal ones, those of the first schema."""
    return {key: value for s in reversed(schemas) for key, value in s.schema.items()}


def _resolved(schema: Any, base: str) -> Iterator[Subschema]:
    """Follow references; yield nothing for an absent schema, `true` and `false`."""
    while isinstance(schema, dict) and "$ref" in schema:
        base, schema = _lookup(base, schema["$ref"])
    if isinstance(schema, dict):
        yield Subschema(schema, base)


@cache
def _lookup(base: str, reference: str) -> tuple[str, Any]:
    """Return the URI and the schema of a reference."""
    uri = urljoin(base, reference)
    return uri, registry().resolver().lookup(uri).contents
