"""What a schema says about a part or a key, as plain values: no part is imported."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any

from dcrf.schema.package_data import SCHEMA, json_content
from dcrf.schema.registry import BLOCKS, KINDS, LAYERS, TRANSFORMS, Registry

SECTIONS = ("method", "mapping", "dataset", "phase", "optimizer", "exit_criteria")
"""Schema files of entries that are not parts by a name."""
OF_MODULES = {"layer": LAYERS, "block of layers": BLOCKS, "transform": TRANSFORMS}
"""Kind -> registry of the parts whose keys are those of their constructor."""
_TABLES = {"layer": "layers", "block of layers": "layers", "transform": "transforms"}
_OF_TORCH = {
    "layers": "layer of torch.nn",
    "initializers": "initializer of torch.nn.init",
    "functions": "function of torch.nn.functional",
    "optimizers": "optimizer of torch.optim",
    "schedulers": "scheduler of torch.optim.lr_scheduler",
    "transforms": "transform of torchvision.transforms",
    "datasets": "data set of torchvision.datasets",
}
"""Table of allowed names -> what these are."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an entry.

    values: the type and range of its value, in words.
    need: `required`, with the condition if it has one, or empty.
    default: as JSON; None without a default.
    """

    name: str
    values: str
    need: str
    default: str | None
    description: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A part, or an object of a method file.

    kind: of the part, such as `design pattern`.
    names: with which files name it, the shortest first.
    title, description: of its schema, or of its class.
    formula, source: lines of formulas, and papers and equations, from the docstring of its class;
        both may be empty.
    keys: of its entry, without the one that names it.
    notes: facts that its schema states, such as the range of a metric.
    """

    kind: str
    names: tuple[str, ...]
    title: str
    description: str
    source: str
    keys: tuple[Key, ...]
    notes: tuple[str, ...] = ()
    formula: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A key with one meaning, and the entries that have it with this meaning."""

    owners: tuple[str, ...]
    key: Key


def kinds() -> dict[str, list[str]]:
    """Return kind -> the shortest names of its parts, without those of torch."""
    parts = {
        _words(kind): [_names(registry, stem)[0] for stem in registry.schemas]
        for kind, registry in KINDS.items()
    }
    return parts | {kind: [*registry.stems] for kind, registry in OF_MODULES.items()}


def explanations(word: str) -> list[Explanation]:
    """Return everything that a word names beside keys: parts, objects of a file, names of torch."""
    found = [
        part(registry, registry.stems[word])
        for registry in KINDS.values()
        if word in registry.stems
    ]
    own = [kind for kind, registry in OF_MODULES.items() if word in registry.stems]
    found += [_of_module(kind, word) for kind in own]
    found += [_of_section(section) for section in SECTIONS if section == word]
    if not own:
        found += [_of_torch(place, word) for place in _OF_TORCH if word in _table(place)["names"]]
    return found


def call_of(place: str, name: str) -> Explanation:
    """Return the explanation of an allowed name of a place, such as `layers`."""
    own = (kind for kind, table in _TABLES.items() if table == place)
    kind = next((kind for kind in own if name in OF_MODULES[kind].stems), None)
    return _of_torch(place, name) if kind is None else _of_module(kind, name)


def refusals(word: str) -> list[str]:
    """Return why files may not name a member of torch, for each place where it is known."""
    tables = {kind: _table(place)["refused"] for place, kind in _OF_TORCH.items()}
    return [f"{kind}: {table[word]}" for kind, table in tables.items() if word in table]


def occurrences(word: str) -> list[Occurrence]:
    """Return the meanings of a key, those with most owners first."""
    owners: dict[Key, list[str]] = {}
    for owner, name, key in every_key():
        if name == word:
            owners.setdefault(key, []).append(owner)
    meanings = [Occurrence(tuple(dict.fromkeys(of)), key) for key, of in owners.items()]
    return sorted(meanings, key=lambda meaning: -len(meaning.owners))


def words() -> list[str]:
    """Return the shortest name of every part, and every object of a file."""
    return [*(name for names in kinds().values() for name in names), *SECTIONS]


def key_names() -> list[str]:
    """Return the keys of a file, each once."""
    return [*dict.fromkeys(name for _, name, _ in every_key())]


def words_of_torch() -> list[str]:
    """Return the names of torch and torchvision that files may have."""
    return [name for place in _OF_TORCH for name in _table(place)["names"]]


def kinds_called(word: str) -> list[str]:
    """Return the kinds of parts that a word means, in the singular or plural, or names by a key.

    The last word of a kind is enough, such as `strategies`.
    """
    text = word.replace("_", " ").lower()
    singular = f"{text[:-3]}y" if text.endswith("ies") else text.removesuffix("s")
    keys = {_words(kind): registry.key for kind, registry in KINDS.items()}
    return [
        kind
        for kind in kinds()
        if kind.endswith(f" {singular}") or kind == singular or (word == keys.get(kind) != "type")
    ]


def part_called(word: str) -> tuple[Registry, str] | None:
    """Return the registry and the stem of a part that has a schema."""
    for registry in KINDS.values():
        if word in registry.stems:
            return registry, registry.stems[word]
    return None


def part(registry: Registry, stem: str) -> Explanation:
    """Return the explanation of a part that has a schema."""
    schema = registry.schemas[stem]
    keys = sorted(
        registry.properties(stem).items(), key=lambda k: "$ref" in schema["properties"][k[0]]
    )
    properties = _without(dict(keys), registry.key)  # those of this part only come first
    docstring = _class_docstring(_source_file(registry.package, stem))
    notes = [_range_note(schema)] if "x-range" in schema else []
    if registry.within is not None:
        notes.append(f"beside these, the keys of every {registry.within.removesuffix('.json')}")
    return Explanation(
        _words(registry.kind),
        _names(registry, stem),
        schema["title"],
        schema["description"],
        _source(docstring),
        tuple(_keys(properties, schema)),
        tuple(notes),
        _formula(docstring),
    )


def _of_module(kind: str, stem: str) -> Explanation:
    registry = OF_MODULES[kind]
    text = _class_docstring(_source_file(registry.package, stem))
    summary, arguments = text.partition("\n")[0], _arguments(text)
    signature = _table(_TABLES[kind])["names"][stem]
    title = stem.replace("_", " ").capitalize()
    return Explanation(
        kind, (stem,), title, summary, _source(text), tuple(_of_signature(signature, arguments))
    )


def _of_section(section: str) -> Explanation:
    schema = json_content(SCHEMA / f"{section}.json")
    keys = tuple(_keys(schema.get("properties", {}), schema))
    return Explanation(
        "object of a method file", (section,), schema["title"], schema["description"], "", keys
    )


def _of_torch(place: str, name: str) -> Explanation:
    module = _OF_TORCH[place].rpartition(" ")[2]
    keys = tuple(_of_signature(_table(place)["names"][name], {}))
    text = f"{module}.{name}; its documentation says what the arguments mean."
    return Explanation(_OF_TORCH[place], (name,), name, text, _page(module, name), keys)


def _page(module: str, name: str) -> str:
    """Return the address of the documentation of a member of torch or torchvision."""
    project = "vision" if module.startswith("torchvision") else "docs"
    page = f"generated/{module}.{name}.html"
    if module == "torch.nn.init":  # one page for all
        page = f"nn.init.html#{module}.{name}"
    return f"https://docs.pytorch.org/{project}/stable/{page}"


def _without(properties: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: schema for key, schema in properties.items() if key != name}


def _names(registry: Registry, stem: str) -> tuple[str, ...]:
    return tuple(sorted((n for n, s in registry.stems.items() if s == stem), key=len))


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _range_note(schema: Mapping[str, Any]) -> str:
    least, most = schema["x-range"]
    bounds = f"from {least}" + (" upwards" if most is None else f" to {most}")
    return f"values {bounds}; {schema['x-better']} is better"


@cache
def _table(place: str) -> dict[str, Any]:
    """Return the allowed and refused names of a place."""
    return json_content(SCHEMA / "names" / f"{place}.json")


def every_key() -> Iterator[tuple[str, str, Key]]:
    """Yield owner, name and description of every key of a file, at any depth."""
    for section in SECTIONS:
        schema = json_content(SCHEMA / f"{section}.json")
        yield from _keys_within(section.replace("_", " "), schema)
        for name, inner in schema.get("$defs", {}).items():
            yield from _keys_within(name.replace("_", " "), inner)
    for registry in KINDS.values():
        for stem, schema in registry.schemas.items():
            properties = registry.properties(stem)
            own = {**schema, "properties": _without(properties, registry.key)}
            yield from _keys_within(_names(registry, stem)[0], own)


def _keys_within(owner: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Key]]:
    """Yield owner, name and description of the keys of an object and of objects in it."""
    properties = {k: _target(v) for k, v in schema.get("properties", {}).items() if v is not True}
    for key in _keys(properties, schema):
        yield owner, key.name, key
    for name, inner in properties.items():
        items = inner.get("items", {})
        for nested in (inner, items if isinstance(items, dict) else {}):
            yield from _keys_within(f"{owner}.{name}", nested) if "properties" in nested else ()


def _target(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a shared key that a reference leads to, with its own keywords first."""
    reference = schema.get("$ref", "")
    if "shared.json#/$defs/" not in reference:
        return schema
    shared = json_content(SCHEMA / "shared.json")["$defs"]
    return {**shared[reference.rpartition("/")[2]], **schema}


def _keys(properties: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Key]:
    """Yield the keys of an object."""
    needs = _needs(schema)
    for name, own in properties.items():
        keywords = _target(own)
        default = json.dumps(keywords["default"]) if "default" in keywords else None
        yield Key(
            name, _values(keywords), needs.get(name, ""), default, keywords.get("description", "")
        )


def _needs(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return key -> when it is required."""
    needs = {}
    for rule in (schema, *schema.get("allOf", ())):
        condition = _condition(rule.get("if", {}))
        for branch, link in (("then", "if"), ("else", "unless")):
            for key in rule.get(branch, {}).get("required", ()):
                needs[key] = f"required {link} {condition}" if condition else "sometimes required"
    return needs | dict.fromkeys(schema.get("required", ()), "required")


def _condition(schema: Mapping[str, Any]) -> str:
    """Return a condition on keys in words, empty if it is none that words say."""
    parts = []
    for key, value in schema.get("properties", {}).items():
        allowed = [value["const"]] if "const" in value else value.get("enum")
        if not allowed:
            return ""
        parts.append(f"{key} is {' or '.join(map(str, allowed))}")
    present = [key for key in schema.get("required", ()) if key not in schema.get("properties", {})]
    parts += [f"{key} is present" for key in present]
    return "" if schema.keys() - {"properties", "required"} else " and ".join(parts)


def _values(schema: Mapping[str, Any]) -> str:
    """Return the type and range of a value in words."""
    if "enum" in schema:
        return " | ".join(map(_word, schema["enum"]))
    component = schema.get("x-component")
    types = schema.get("type", [])
    named = [types] if isinstance(types, str) else [*types]
    if component and "object" in named:
        named = [*(name for name in named if name != "object"), _words(component)]
    text = " or ".join(named)
    if named == ["array"] and isinstance(items := schema.get("items"), Mapping):
        of = _values(items) or _words(Path(items.get("$ref", "")).stem)
        text = f"list of {of}" if of else "list"
    return " ".join(filter(None, [text, _bounds(schema)]))


def _word(value: Any) -> str:
    """Return an allowed value, in quotes unless it is a word or a number."""
    return value if isinstance(value, str) and re.fullmatch(r"[\w.]+", value) else json.dumps(value)


def _bounds(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if least is not None and most is not None:
        return f"{least} to {most}"
    words = {"at least": least, "above": above, "at most": most, "below": below}
    return ", ".join(f"{word} {number}" for word, number in words.items() if number is not None)


def _of_signature(signature: Mapping[str, Any], arguments: Mapping[str, str]) -> Iterator[Key]:
    """Yield the keys of a part whose keys are the arguments of its constructor."""
    defaults = signature.get("defaults", {})
    for need in ("required", "optional"):
        for name in signature.get(need, ()):
            values = _kind_of_argument(signature, name)
            default = json.dumps(defaults[name]) if name in defaults else None
            needed = need.replace("optional", "")
            yield Key(name, values, needed, default, arguments.get(name, ""))


def _kind_of_argument(signature: Mapping[str, Any], name: str) -> str:
    if name in signature.get("choices", {}):
        return " | ".join(map(str, signature["choices"][name]))
    if name in signature.get("references", {}):
        return f"name of a layer: {' | '.join(signature['references'][name])}"
    kinds_of = {"integers": "integer", "numbers": "number", "booleans": "boolean"}
    kinds_of |= {"strings": "string", "entries": "nested entries"}
    return next((word for kind, word in kinds_of.items() if name in signature.get(kind, ())), "")


def _source_file(package: str, stem: str) -> Path:
    return Path(__file__).parents[2].joinpath(*package.split("."), f"{stem}.py")


def _class_docstring(file: Path) -> str:
    """Return the docstring of the public class of a module, read without importing it."""
    classes = (n for n in ast.parse(file.read_text()).body if isinstance(n, ast.ClassDef))
    public = (node for node in classes if not node.name.startswith("_"))
    return next((cleandoc(ast.get_docstring(node) or "") for node in public), "")


def _source(docstring: str) -> str:
    """Return the paragraph of a docstring that names papers and equations, on one line."""
    _, _, after = docstring.partition("\nSource: ")
    return " ".join(after.partition("\n\n")[0].split())


def _formula(docstring: str) -> tuple[str, ...]:
    """Return the formulas of a docstring, each on one line. Lines indented more continue one."""
    _, _, after = docstring.partition("\nFormula:\n")
    lines: list[str] = []
    for line in _indented(after.splitlines()):
        if line.startswith(" " * 8):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line.strip())
    return tuple(lines)


def _arguments(docstring: str) -> dict[str, str]:
    """Return argument -> its description in a docstring, on one line."""
    _, _, after = docstring.partition("\nArgs:\n")
    arguments: dict[str, str] = {}
    names: list[str] = []
    for line in _indented(after.splitlines()):
        name, colon, text = line.strip().partition(": ")
        if colon and not line.startswith(" " * 8):
            names = name.split(", ")
            arguments |= dict.fromkeys(names, f"{text[:1].upper()}{text[1:]}")
        else:
            arguments |= {name: f"{arguments[name]} {line.strip()}" for name in names}
    return arguments


def _indented(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a section of a docstring."""
    for line in lines:
        if not line.startswith("    "):
            return
        yield line
