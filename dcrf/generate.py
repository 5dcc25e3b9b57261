"""Write the generated schema files: `python -m dcrf.generate`, or `--check` to only compare.

They are what validation needs of torch without importing it (`schema/names/<place>.json`), and
the two files that lead from a component's name to its schema.
"""

import inspect
import itertools
import json
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
from dcrf.storage.atomic_files import write_atomically

_LINE = 100
_VARIADIC = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
# It is declared to take anything, and raises if it gets anything.
_TAKES_NOTHING = vars(nn.Module)["__init__"]
# Arguments that mean integers although neither annotation nor default says so.
_INTEGERS = {
    *("bits", "divisor_override", "downscale_factor", "groups", "kernel_size", "max_size"),
    *("output_size", "padding", "size", "stride", "upscale_factor"),
}
# The same of numbers; and what may be a word nonetheless, by place: colours, and "random".
_NUMBERS = _INTEGERS | {
    *("center", "degrees", "mean", "output_ratio", "p", "scale", "scale_factor"),
    *("sharpness_factor", "shear", "std", "threshold", "translate"),
}
_WORDS_TOO = {"transforms": {"fill", "value"}}


def stale_files(folder: Path = SCHEMA) -> list[Path]:
    """Return the generated files that are missing or differ from what would be written now.

    Tables of names that other versions of torch or torchvision made are left out.
    """
    return [path for path, text in documents(folder).items() if _is_stale(path, text)]


def write_files(folder: Path = SCHEMA) -> None:
    """Write every generated file, each at once, so that no reader ever sees half of it."""
    for path, text in documents(folder).items():
        write_atomically(path, text.encode())


def documents(folder: Path = SCHEMA) -> dict[Path, str]:
    """Return path -> text of every generated file."""
    names = {folder / "names" / f"{place}.json": _names_text(place) for place in TABLES}
    return names | {
        folder / "design_pattern.json": _dispatch_text(DESIGN_PATTERNS, "Design pattern"),
        folder / "cluster_assignment_strategy.json": _dispatch_text(
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
    constructors = [vars(owner)["__init__"] for owner in thing.__mro__ if "__init__" in vars(owner)]
    if constructors[0] is _TAKES_NOTHING:
        return {}
    own = _parameters(constructors[0])
    if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in own.values()):
        return own
    if constructors[1] is _TAKES_NOTHING:
        return own  # it hands nothing on, as torch.nn.Identity
    kept = {name: p for name, p in own.items() if p.kind is not Parameter.VAR_KEYWORD}
    inherited = _parameters(constructors[1])
    return kept | {
        name: parameter.replace(kind=Parameter.KEYWORD_ONLY)
        for name, parameter in inherited.items()
        if name not in kept
    }


def main(arguments: list[str]) -> int:
    """Write the files; with `--check` only name those that are stale, and return 1 if any is."""
    if "--check" not in arguments:
        write_files()
        return 0
    stale = stale_files()
    for path in stale:
        sys.stderr.write(f"{path} is not current; run python -m dcrf.generate\n")
    return 1 if stale else 0


def _described(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, or torch's own stand-in where it does not say what it takes."""
    if inspect.isfunction(function):
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
        if kinds != _VARIADIC:
            return function
    return torch.overrides.get_testing_overrides()[function]


def _parameters(constructor: Callable[..., Any]) -> dict[str, Parameter]:
    return dict(list(inspect.signature(constructor).parameters.items())[1:])  # without `self`


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
    """Return what validation needs of one name; what is empty, 0 or false is left out.

    The first `positional` of the required and optional arguments may be given by position.
    """
    parameters = signature_of(thing)
    tensor = next(iter(parameters)) if place == "functions" else None
    own = {name: p for name, p in parameters.items() if p.kind not in _VARIADIC}
    barred = {tensor, *NOT_GIVEN[place]} | {name for name in own if name.startswith("_")}
    given = {name: p for name, p in own.items() if name not in barred}
    kinds = {parameter.kind for parameter in parameters.values()}
    words = _WORDS_TOO.get(place, ())
    entry = {
        "tensor": tensor,
        "required": [name for name, p in given.items() if p.default is Parameter.empty],
        "optional": [name for name, p in given.items() if p.default is not Parameter.empty],
        "positional": len(list(itertools.takewhile(lambda n: _by_position(n, own, barred), own))),
        "integers": [name for name, p in given.items() if _means_integer(p)],
        "numbers": [name for name, p in given.items() if name not in words and _means_number(p)],
        "booleans": [name for name, p in given.items() if type(p.default) is bool],
        "any_positional": Parameter.VAR_POSITIONAL in kinds,
        "any_keyword": Parameter.VAR_KEYWORD in kinds,
    }
    return {key: value for key, value in entry.items() if value}


def _by_position(name: str, own: Mapping[str, Parameter], barred: set[str | None]) -> bool:
    return name not in barred and own[name].kind is not Parameter.KEYWORD_ONLY


def _means_integer(parameter: Parameter) -> bool:
    words = _annotation(parameter)
    if not words:
        return parameter.name in _INTEGERS or type(parameter.default) is int
    return "int" in words and "float" not in words


def _means_number(parameter: Parameter) -> bool:
    """Whether a number belongs there, or a list of them, and never a word."""
    words, default = _annotation(parameter), parameter.default
    if words:
        return bool(words & {"int", "float"}) and not words & {"bool", "str"}
    example = default[0] if isinstance(default, tuple) and default else default
    return parameter.name in _NUMBERS or type(example) in (int, float)


def _annotation(parameter: Parameter) -> set[str]:
    """Return the words of an annotation; torch.nn.functional annotates None where it has none."""
    annotation = parameter.annotation
    if annotation in (Parameter.empty, None, type(None)):
        return set()
    return set(re.findall(r"\w+", str(annotation)))


def _dispatch_text(registry: Registry, title: str) -> str:
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": f"Leads from `{registry.key}` to the schema of that component."
        " Made by python -m dcrf.generate.",
        "type": "object",
        "properties": {
            registry.key: {"description": "Which component this is.", "enum": [*registry.stems]}
        },
        "required": [registry.key],
        "allOf": [_branch(registry, stem) for stem in registry.schemas],
    }
    return _readable(document) + "\n"


def _branch(registry: Registry, stem: str) -> dict[str, Any]:
    names = [name for name, its_stem in registry.stems.items() if its_stem == stem]
    return {
        "if": {"properties": {registry.key: {"enum": names}}, "required": [registry.key]},
        "then": {"$ref": f"{registry.folder.name}/{stem}.json"},
    }


def _readable(value: Any, indent: str = "", before: str = "") -> str:
    """Return JSON in which what fits on a line stands on a line, and long lists are filled."""
    line, inner = json.dumps(value), indent + "  "
    if len(indent + before + line) < _LINE or not isinstance(value, list | dict):
        return line
    if isinstance(value, list):
        items = [_readable(item, inner) for item in value]
        return f"[\n{_filled(items, inner)}\n{indent}]"
    keys = {name: f"{json.dumps(name)}: " for name in value}
    parts = [inner + keys[name] + _readable(value[name], inner, keys[name]) for name in value]
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


def _filled(items: list[str], indent: str) -> str:
    """Return as many items on a line as fit, none broken."""
    lines = [indent + items[0]]
    for item in items[1:]:
        lines[-1] += ","
        if len(lines[-1]) + 1 + len(item) < _LINE:
            lines[-1] += f" {item}"
        else:
            lines.append(indent + item)
    return "\n".join(lines)


def _is_stale(path: Path, text: str) -> bool:
    if not path.exists():
        return True
    there = path.read_text()
    made_elsewhere = json.loads(there).get("versions", versions()) != versions()
    return there != text and not made_elsewhere


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
