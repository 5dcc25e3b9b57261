"""Write the generated schema files: `python -m dcrf.schema.generate`, or `--check` to compare.

`schema/names/<place>.json` has the signatures of torch and torchvision, and of the layers of our
own, so that checking a file needs none of them. `schema/<kind>.json`, such as
`design_pattern.json`, leads from the name of a component to its schema. In
`schema/exit_criteria.json` the criteria on scores are generated. `schema/editor/method.json` has
all of them for editors.
"""

import contextlib
import inspect
import itertools
import json
import re
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from inspect import Parameter
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import torch
import torchvision
from torch import nn

from dcrf.schema.allowed_names import (
    BLOCKS,
    LAYER_REFERENCES,
    LAYERS,
    NOT_GIVEN,
    OWN_LAYERS,
    OWN_TRANSFORMS,
    REFUSED,
    TABLES,
)
from dcrf.schema.bundle import bundled
from dcrf.schema.registry import KINDS, METRICS, SCHEMA, Registry
from dcrf.storage.atomic_files import write_atomically
from dcrf.storage.write_json import readable

CRITERIA = "exit_criteria.json"
EDITOR = "editor/method.json"
_ON_SCORES = re.compile(r"performance_evaluation_\w+_(gt|lt_after_iterations)")
_VARIADIC = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
# Integer arguments without an annotation or default that shows it.
_INTEGERS = {
    *("bits", "divisor_override", "downscale_factor", "groups", "kernel_size", "max_size"),
    *("output_size", "padding", "size", "stride", "upscale_factor"),
}
# The same for numbers, and by place the arguments that also take strings: colors, "random".
_NUMBERS = _INTEGERS | {
    *("center", "degrees", "mean", "output_ratio", "p", "scale", "scale_factor"),
    *("sharpness_factor", "shear", "std", "threshold", "translate"),
}
_NOT_ONLY_STRINGS = {"int", "float", "bool", "dict", "list", "Sequence", "Callable"}
_STRINGS_TOO = {"transforms": {"fill", "value"}}


def stale_files(folder: Path = SCHEMA) -> list[Path]:
    """Return the generated files that are missing or outdated.

    Tables from other versions of torch or torchvision count as current.
    """
    texts = {**documents(folder), folder / EDITOR: editor_text()}
    return [path for path, text in texts.items() if _is_stale(path, text)]


def write_files(folder: Path = SCHEMA) -> None:
    """Write every generated file atomically."""
    for path, text in documents(folder).items():
        write_atomically(path, text.encode())
    write_atomically(folder / EDITOR, editor_text().encode())


def documents(folder: Path = SCHEMA) -> dict[Path, str]:
    """Return path -> text of every generated file that does not contain others."""
    names = {folder / "names" / f"{place}.json": _names_text(place) for place in TABLES}
    kinds = {folder / f"{kind}.json": _dispatch_text(r) for kind, r in KINDS.items()}
    return names | kinds | {folder / CRITERIA: _criteria_text()}


def editor_text() -> str:
    """Return the text of the schema for editors, made of the other files, a line per definition."""
    schema = bundled()
    definitions = [f"{json.dumps(k)}:{_short(v)}" for k, v in schema.pop("$defs").items()]
    return _short(schema)[:-1] + ',"$defs":{\n' + ",\n".join(definitions) + "\n}}\n"


def versions() -> dict[str, str]:
    """Return the installed versions of torch and torchvision."""
    return {m.__name__: m.__version__.split("+")[0] for m in (torch, torchvision)}


def signature_of(thing: Callable[..., Any]) -> dict[str, Parameter]:
    """Return name -> parameter of a class or function, in the order of its signature.

    `**kwargs` of a constructor are replaced by the parameters of the base class's constructor.
    """
    if not inspect.isclass(thing):
        return dict(inspect.signature(_with_signature(thing)).parameters)
    owner, *bases = (c for c in thing.__mro__ if "__init__" in vars(c))
    if owner is nn.Module:  # its signature has *args and **kwargs, but it accepts no argument
        return {}
    own = _parameters(vars(owner)["__init__"])
    if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in own.values()):
        return own
    if bases[0] is nn.Module:
        return own  # as torch.nn.Identity, which ignores its arguments
    kept = {name: p for name, p in own.items() if p.kind is not Parameter.VAR_KEYWORD}
    inherited = _parameters(vars(bases[0])["__init__"])
    return kept | {
        name: parameter.replace(kind=Parameter.KEYWORD_ONLY)
        for name, parameter in inherited.items()
        if name not in kept
    }


def main(arguments: list[str]) -> int:
    """Write the files. With `--check`, print the outdated ones and return 1 if any is."""
    if "--check" not in arguments:
        write_files()
        return 0
    stale = stale_files()
    for path in stale:
        sys.stderr.write(f"{path} is outdated; run make schema\n")
    return 1 if stale else 0


def _short(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _with_signature(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, or torch's override with its signature if it is a builtin."""
    if inspect.isfunction(function):
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
        if kinds != _VARIADIC:
            return function
    return torch.overrides.get_testing_overrides()[function]


def _parameters(constructor: Callable[..., Any]) -> dict[str, Parameter]:
    return dict(list(inspect.signature(constructor).parameters.items())[1:])  # without `self`


def _names_text(place: str) -> str:
    document = {
        "description": f"Generated by `make schema`: the {place} that a file may name.",
        "versions": versions(),
        "not_given": dict(NOT_GIVEN[place]),
        "names": {name: _entry(place, name, thing) for name, thing in TABLES[place].items()},
        "refused": dict(REFUSED[place]),
    }
    return readable(document) + "\n"


def _entry(place: str, name: str, thing: Callable[..., Any]) -> dict[str, Any]:
    """Return the signature of one name for `config/rules/torch_signatures.py`.

    Empty lists, 0 and false are left out. The first `positional` of the required and optional
    arguments may be positional.
    """
    parameters = signature_of(thing)
    tensor = next(iter(parameters)) if place == "functions" else None
    own = {name: p for name, p in parameters.items() if p.kind not in _VARIADIC}
    barred = {tensor, *NOT_GIVEN[place]} | {name for name in own if name.startswith("_")}
    arguments = {name: p for name, p in own.items() if name not in barred}
    kinds = {parameter.kind for parameter in parameters.values()}
    words = _STRINGS_TOO.get(place, ())
    is_own = thing in OWN_LAYERS.values()
    is_described = is_own or thing in (*BLOCKS.values(), *OWN_TRANSFORMS.values())
    references = LAYER_REFERENCES[name] if is_own else {}
    entry = {
        "tensor": tensor,
        "required": [name for name, p in arguments.items() if p.default is Parameter.empty],
        "optional": [name for name, p in arguments.items() if p.default is not Parameter.empty],
        "positional": len(list(itertools.takewhile(lambda n: _by_position(n, own, barred), own))),
        "integers": [name for name, p in arguments.items() if _means_integer(p)],
        "numbers": [
            name for name, p in arguments.items() if name not in words and _means_number(p)
        ],
        "booleans": [name for name, p in arguments.items() if type(p.default) is bool],
        "strings": [n for n, p in arguments.items() if n in references or _is_string(place, p)],
        "choices": {name: list(values) for name, p in arguments.items() if (values := _choices(p))},
        "tuples": {name: list(p.default) for name, p in arguments.items() if _has_length(place, p)},
        "defaults": {name: v for name, p in arguments.items() for v in _default(p)},
        "entries": _entries(place, thing, arguments),
        "parameters": thing in LAYERS.values() and _has_parameters(thing, arguments),
        "any_positional": Parameter.VAR_POSITIONAL in kinds,
        "any_keyword": Parameter.VAR_KEYWORD in kinds,
        "references": {argument: list(types) for argument, types in references.items()},
        "undoes": getattr(thing, "undoes", "") if is_own else "",
        "needs_tiling": is_own and getattr(thing, "needs_tiling", False),
        "description": _description(thing) if is_described else "",
    }
    return {key: value for key, value in entry.items() if value}


def _has_parameters(layer: Callable[..., nn.Module], arguments: Mapping[str, Parameter]) -> bool:
    """Whether a layer of the smallest size has parameters; False if it needs nested layers."""
    required = [name for name, p in arguments.items() if p.default is Parameter.empty]
    for size in (1, 2):  # some layers need an even one
        with contextlib.suppress(TypeError, ValueError):
            values = {name: (_choices(arguments[name]) or (size,))[0] for name in required}
            return any(True for _ in layer(**values).parameters())
    return False


def _default(parameter: Parameter) -> list[Any]:
    """Return the default of an argument as a file would write it, in a list; empty without one."""
    default = parameter.default
    if isinstance(default, Enum):
        default = default.value
    is_plain = default is None or isinstance(default, bool | int | float | str | tuple | list)
    return [json.loads(json.dumps(default))] if is_plain else []


def _choices(parameter: Parameter) -> tuple[Any, ...]:
    """Return the values that an argument may have beside None, if its declaration lists them."""
    if isinstance(parameter.default, Enum):
        return tuple(member.value for member in type(parameter.default))
    annotation = parameter.annotation
    is_union = get_origin(annotation) in (Union, UnionType)
    kinds = get_args(annotation) if is_union else (annotation,)
    return tuple(v for kind in kinds if get_origin(kind) is Literal for v in get_args(kind))


def _description(layer: Callable[..., nn.Module]) -> str:
    """Return the first sentence of a docstring and its source, if it has any."""
    text = inspect.getdoc(layer) or ""
    _, _, source = text.partition("\nSource: ")
    return " ".join([text.partition("\n")[0], *source.split()])


def _by_position(name: str, own: Mapping[str, Parameter], barred: set[str | None]) -> bool:
    return name not in barred and own[name].kind is not Parameter.KEYWORD_ONLY


def _is_string(place: str, parameter: Parameter) -> bool:
    """Whether an argument takes only strings. Some data sets take lists of them as well."""
    if str in map(type, _choices(parameter)):
        return True
    return (
        place != "datasets"
        and type(parameter.default) is str
        and not (_annotation(parameter) & _NOT_ONLY_STRINGS)
    )


def _has_length(place: str, parameter: Parameter) -> bool:
    """Whether an argument takes exactly as many values as its default has."""
    return isinstance(parameter.default, tuple) and place in ("optimizers", "transforms")


def _entries(
    place: str, thing: Callable[..., Any], arguments: Mapping[str, Parameter]
) -> list[str]:
    """Return the arguments that take nested layers or transforms; `*` for any by position."""
    if inspect.isclass(thing) and issubclass(thing, nn.Sequential):
        return ["*"]
    if place == "transforms":
        return [name for name in arguments if name == "transforms"]
    modules = {"Module", "TransformerEncoderLayer"}
    return [name for name, p in arguments.items() if _annotation(p) & modules]


def _means_integer(parameter: Parameter) -> bool:
    words = _annotation(parameter)
    if not words:
        return parameter.name in _INTEGERS or type(parameter.default) is int
    return "int" in words and "float" not in words


def _means_number(parameter: Parameter) -> bool:
    """Whether the argument is a number or a list of numbers, and never a string."""
    words, default = _annotation(parameter), parameter.default
    if words:
        return bool(words & {"int", "float"}) and not words & {"bool", "str"}
    example = default[0] if isinstance(default, tuple) and default else default
    return parameter.name in _NUMBERS or type(example) in (int, float)


def _annotation(parameter: Parameter) -> set[str]:
    """Return the words of an annotation; torch.nn.functional writes None for a missing one."""
    annotation = parameter.annotation
    if annotation in (Parameter.empty, None, type(None)):
        return set()
    return set(re.findall(r"\w+", str(annotation)))


def _dispatch_text(registry: Registry) -> str:
    has_default = any(_is_default(schema, registry.key) for schema in registry.schemas.values())
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": registry.kind.replace("_", " ").capitalize(),
        "description": f"Leads from `{registry.key}` to the schema of that component."
        " Generated by `make schema`.",
        "type": "object",
        "properties": {
            registry.key: {"description": "The name of the component.", "enum": [*registry.stems]}
        },
        "required": [] if has_default else [registry.key],
        "allOf": [_branch(registry, stem) for stem in registry.schemas],
    }
    return readable(document) + "\n"


def _branch(registry: Registry, stem: str) -> dict[str, Any]:
    names = [name for name, named in registry.stems.items() if named == stem]
    condition: dict[str, Any] = {"properties": {registry.key: {"enum": names}}}
    schema, reference = registry.schemas[stem], {"$ref": f"{registry.folder.name}/{stem}.json"}
    if not _is_default(schema, registry.key):
        condition["required"] = [registry.key]
    if registry.within is None or "x-call" in schema:
        return {"if": condition, "then": reference}
    return {"if": condition, "then": {"allOf": [reference, _closed(registry, schema)]}}


def _is_default(schema: Mapping[str, Any], key: str) -> bool:
    """Whether an entry that names no component means this one."""
    return "default" in schema["properties"][key]


def _closed(registry: Registry, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that refuses keys that are neither shared nor the component's own."""
    keys = dict.fromkeys((*registry.shared_keys, *schema["properties"]), True)
    return {"properties": keys, "additionalProperties": False}


def _criteria_text() -> str:
    """Return the schema of exit criteria with criteria on all metrics, after those by hand."""
    document = json.loads((SCHEMA / CRITERIA).read_text())
    others = {
        key: schema
        for key, schema in document["properties"].items()
        if not _ON_SCORES.fullmatch(key)
    }
    on_scores = {
        key: schema
        for metric, facts in METRICS.schemas.items()
        if facts["x-better"] == "larger"
        for key, schema in _score_criteria(metric, facts).items()
    }
    return readable({**document, "properties": others | on_scores}) + "\n"


def _score_criteria(metric: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the criteria on a metric, key -> schema."""
    least, most = facts["x-range"]
    bounds = {"minimum": least} | ({} if most is None else {"maximum": most})
    informed = " (depends on labels)" if "labels" in facts["x-needs"] else ""
    number = {"type": "number"} | bounds
    return {
        f"performance_evaluation_{metric}_gt": {
            "description": f"Ends the phase if {metric} is greater than this{informed}.",
            **number,
        },
        f"performance_evaluation_{metric}_lt_after_iterations": {
            "description": f"Ends the phase if {metric} is less than value after the"
            f" iterations{informed}.",
            "type": "object",
            "properties": {
                "value": {
                    "description": f"The smallest {metric} with which the phase continues.",
                    **number,
                },
                "iterations": {
                    "description": "Iterations before the criterion applies.",
                    "type": "integer",
                    "minimum": 1,
                },
            },
            "required": ["value", "iterations"],
            "additionalProperties": False,
        },
    }


def _is_stale(path: Path, text: str) -> bool:
    if not path.exists():
        return True
    current = path.read_text()
    is_of_other_versions = json.loads(current).get("versions", versions()) != versions()
    return current != text and not is_of_other_versions


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
