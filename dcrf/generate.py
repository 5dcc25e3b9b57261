"""Write the generated schema files: `python -m dcrf.generate`, or `--check` to only compare.

They are what validation needs of torch without importing it (`schema/names/<place>.json`), and
the two files that lead from a component's name to its schema.
"""

import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from inspect import Parameter
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from dcrf.names import NOT_GIVEN, REFUSED, TABLES
from dcrf.registry import DESIGN_PATTERNS, SCHEMA, STRATEGIES, Registry

_LINE = 100
_VARIADIC = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
# Arguments that mean integers although neither annotation nor default says so.
_INTEGERS = {
    *("bits", "downscale_factor", "groups", "kernel_size", "max_size", "output_size", "padding"),
    *("size", "stride", "upscale_factor"),
}


def stale_files() -> list[Path]:
    """Return the generated files that are missing or differ from what would be written now.

    Tables of names are left out where other versions of torch or torchvision made them.
    """
    return [
        path
        for path, text in documents().items()
        if not (path.exists() and (path.read_text() == text or _other_versions(path)))
    ]


def documents() -> dict[Path, str]:
    """Return path -> text of every generated file."""
    names = {SCHEMA / "names" / f"{place}.json": _names_text(place) for place in TABLES}
    return names | {
        SCHEMA / "design_pattern.json": _dispatch_text(DESIGN_PATTERNS, "Design pattern"),
        SCHEMA / "cluster_assignment_strategy.json": _dispatch_text(
            STRATEGIES, "Cluster assignment strategy"
        ),
    }


def versions() -> dict[str, str]:
    """Return the versions of the libraries that tables of names are made from."""
    return {m.__name__: m.__version__.split("+")[0] for m in (torch, torchvision)}


def signature_of(thing: Callable[..., Any]) -> dict[str, Parameter]:
    """Return name -> parameter of a class or function, in the order of its signature.

    `**kwargs` that a constructor hands on are replaced by the next constructor's parameters.
    """
    if not inspect.isclass(thing):
        return dict(inspect.signature(_described(thing)).parameters)
    constructors = [owner.__init__ for owner in thing.__mro__ if "__init__" in vars(owner)]
    if constructors[0] is nn.Module.__init__:
        return {}  # it is declared to take anything, and raises if it gets anything
    parameters = _parameters(constructors[0])
    if thing is not nn.Identity and _hands_on(parameters):
        inherited = _parameters(constructors[1])
        kept = {n: p for n, p in parameters.items() if p.kind is not Parameter.VAR_KEYWORD}
        # No position counts that lies behind `**kwargs`.
        parameters = kept | {
            name: parameter.replace(kind=Parameter.KEYWORD_ONLY)
            for name, parameter in inherited.items()
            if name not in kept
        }
    return parameters


def main(arguments: list[str]) -> int:
    """Write the files; with `--check` only name those that are stale, and return 1 if any is."""
    stale = stale_files() if "--check" in arguments else []
    for path in stale:
        sys.stderr.write(f"{path} is not current; run python -m dcrf.generate\n")
    if "--check" not in arguments:
        for path, text in documents().items():
            _write(path, text)
    return 1 if stale else 0


def _described(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return torch's own description of a builtin or dispatching function, else the function."""
    return torch.overrides.get_testing_overrides().get(function, function)


def _parameters(constructor: Callable[..., Any]) -> dict[str, Parameter]:
    return dict(list(inspect.signature(constructor).parameters.items())[1:])  # without `self`


def _hands_on(parameters: Mapping[str, Parameter]) -> bool:
    return any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())


def _names_text(place: str) -> str:
    document = {
        "description": f"Made by python -m dcrf.generate: the {place} that a file may name.",
        "versions": versions(),
        "not_given": dict(NOT_GIVEN[place]),
        "names": {name: _entry(place, thing) for name, thing in TABLES[place].items()},
        "refused": dict(REFUSED[place]),
    }
    return _readable(document) + "\n"


def _entry(place: str, thing: Callable[..., Any]) -> dict[str, Any]:
    """Return what validation needs of one name; what is empty or false is left out."""
    parameters = signature_of(thing)
    tensor = next(iter(parameters)) if place == "functions" else None
    given = {
        name: parameter
        for name, parameter in parameters.items()
        if name != tensor and not name.startswith("_") and name not in NOT_GIVEN[place]
        if parameter.kind not in _VARIADIC
    }
    kinds = {parameter.kind for parameter in parameters.values()}
    required = [name for name, p in given.items() if p.default is Parameter.empty]
    entry = {
        "tensor": tensor,
        "required": required,
        "optional": [name for name in given if name not in required],
        "keyword_only": [n for n in given if n not in _positional(parameters, given, tensor)],
        "integers": [name for name, p in given.items() if _means_integer(p)],
        "any_positional": Parameter.VAR_POSITIONAL in kinds,
        "any_keyword": Parameter.VAR_KEYWORD in kinds,
    }
    return {key: value for key, value in entry.items() if value}


def _positional(
    parameters: Mapping[str, Parameter], given: Mapping[str, Parameter], tensor: str | None
) -> list[str]:
    """Return what may be given by position: all before the first that may not be given."""
    names: list[str] = []
    for name, parameter in parameters.items():
        if name == tensor:
            continue
        if name not in given or parameter.kind is Parameter.KEYWORD_ONLY:
            break
        names.append(name)
    return names


def _means_integer(parameter: Parameter) -> bool:
    annotation = parameter.annotation
    if annotation in (Parameter.empty, None, type(None)):  # torch.nn.functional annotates None
        return parameter.name in _INTEGERS or type(parameter.default) is int
    words = set(re.findall(r"\w+", getattr(annotation, "__name__", "") + f" {annotation}"))
    return "int" in words and "float" not in words


def _dispatch_text(registry: Registry, title: str) -> str:
    names = [name for name in registry.stems]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": f"Leads from `{registry.key}` to the schema of that component."
        " Made by python -m dcrf.generate.",
        "type": "object",
        "properties": {
            registry.key: {"description": "Which component this is.", "enum": names}
        },
        "required": [registry.key],
        "allOf": [_branch(registry, stem) for stem in registry.schemas],
    }
    return json.dumps(document, indent=2) + "\n"


def _branch(registry: Registry, stem: str) -> dict[str, Any]:
    names = [name for name, its_stem in registry.stems.items() if its_stem == stem]
    return {
        "if": {"properties": {registry.key: {"enum": names}}, "required": [registry.key]},
        "then": {"$ref": f"{registry.folder.name}/{stem}.json"},
    }


def _readable(value: Any, indent: str = "", key: str = "") -> str:
    """Return JSON in which what fits on one line stands on one line."""
    line = json.dumps(value)
    if len(indent) + len(key) + len(line) < _LINE or not isinstance(value, Mapping):
        return line
    inner = indent + "  "
    items = ((f"{json.dumps(name)}: ", part) for name, part in value.items())
    lines = [f"{inner}{name}{_readable(part, inner, name)}" for name, part in items]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _other_versions(path: Path) -> bool:
    return path.parent.name == "names" and json.loads(path.read_text())["versions"] != versions()


def _write(path: Path, text: str) -> None:
    """Write a file at once, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    os.replace(unfinished, path)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
