"""Check calls of torch and torchvision against their signatures, without importing them.

`make schema` generates `schema/names/<place>.json` from the real signatures, which include those of
the layers of our own. A place is the library module from which an entry may name a class or
function: layers, initializers, functions, optimizers, schedulers, transforms or datasets.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice, repeat
from types import MappingProxyType
from typing import Any, NamedTuple

from dcrf.config.json_paths import child
from dcrf.config.rules.schema_errors import shown, suggestion
from dcrf.config.rules.suggestions import closest
from dcrf.errors import Problem, counted
from dcrf.safety.limits import PROBLEMS_OF_A_KIND
from dcrf.schema.package_data import SCHEMA, json_content
from dcrf.schema.special_words import AUTO, AUTO_ARGUMENTS

Signature = Mapping[str, Any]
"""The generated description of a class or function."""
Argument = tuple[str, str, object]
"""JSON path, name and value of an argument."""

POSITIONAL = "positional_arguments"
"""The key of positional arguments."""
_AUTO_PLACES = (
    f'write a number; "{AUTO}" may be the first size of a mapping that reads samples, the last '
    "size of a decoder or of a classifier, the unflattened_size at the end of a decoder, and the "
    "sample_shape beside mirror_of"
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
_HOME = {
    "layers": "a layer of torch.nn or of dcrf",
    "initializers": "a function of torch.nn.init",
    "functions": "a function of torch.nn.functional",
    "optimizers": "an optimizer of torch.optim",
    "schedulers": "a scheduler of torch.optim.lr_scheduler",
    "transforms": "a transform of torchvision.transforms or of dcrf",
    "datasets": "a data set of torchvision.datasets",
}
# Values that torch accepts, although using them fails or results in infinity.
_LEAST: Mapping[tuple[str, str], tuple[str, float]] = MappingProxyType(
    {
        ("layers", "Softplus"): ("beta", 1e-6),
        ("functions", "softplus"): ("beta", 1e-6),
        ("functions", "gumbel_softmax"): ("tau", 1e-6),
        ("datasets", "FakeData"): ("num_classes", 1),
    }
)


def check_call(
    place: str,
    name: object,
    arguments: Mapping[str, object],
    path: str,
    positional: Sequence[object] = (),
    key: str = "type",
) -> list[Problem]:
    """Return the problems of the call that an entry describes.

    Args:
        place: the place of the name.
        name: the value at `key`, of any type.
        arguments: the keyword arguments, without keys of the framework.
        path: JSON path of the entry. Problems of the name are at `path.key`.
        positional: the positional arguments.
        key: the key of the name.
    """
    if problem := _name_problem(place, name, f"{path}.{key}"):
        return [problem]
    signature = _signature(place, name)
    by_position = _by_position(signature)[: len(positional)]
    all_arguments = _with_paths(signature, arguments, positional, path)
    all_problems = chain(
        _too_many(signature, str(name), positional, path),
        _unknown(place, str(name), arguments, path),
        _duplicate(by_position, arguments, path),
        _invalid_values(place, str(name), all_arguments),
        _missing(signature, str(name), {*by_position, *arguments}, path),
    )
    return list(islice(all_problems, PROBLEMS_OF_A_KIND))


def is_known(place: str, name: object) -> bool:
    """Whether an entry may name this class or function at a place."""
    return _name_problem(place, name, "") is None


def has_parameters(layer: object) -> bool:
    """Whether a layer has parameters of its own, besides those of nested layers."""
    return bool(_signature("layers", layer).get("parameters"))


def references(layer: object) -> Mapping[str, list[str]]:
    """Return argument -> types of the layer that it names, for a layer that refers to others."""
    return _signature("layers", layer).get("references", {})


class Undoing(NamedTuple):
    """How a layer undoes another one.

    argument: names the other layer.
    needs_tiling: whether the sizes are right only if the windows of that layer tile its input.
    """

    argument: str
    needs_tiling: bool


def undoing_layers(layer: object) -> Mapping[str, Undoing]:
    """Return the layers that can undo a layer of this type."""
    return {
        name: Undoing(signature["undoes"], bool(signature.get("needs_tiling")))
        for name, signature in _undoing().items()
        if layer in signature["references"][signature["undoes"]]
    }


def unpoolings() -> list[str]:
    """Return the layers that can undo any other one."""
    return [*_undoing()]


def named_arguments(place: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a valid entry by name, integers converted.

    Keys of the framework are left out; positional arguments get their names.
    """
    name = entry["type"]
    listed = zip(_by_position(_signature(place, name)), entry.get(POSITIONAL, ()), strict=False)
    keys = ("type", "name", POSITIONAL)
    named = {key: value for key, value in entry.items() if key not in keys}
    return with_integers(place, name, {**dict(listed), **named})


@cache
def _undoing() -> Mapping[str, Signature]:
    names = _table("layers")["names"]
    return {name: signature for name, signature in names.items() if "undoes" in signature}


def check_input_argument(name: object, input_argument_name: object, path: str) -> list[Problem]:
    """Check the `input_argument_name` of an entry that names a function.

    It may be absent (None), `input` for the tensor of any function, or the name of the tensor in
    the function's signature.
    """
    tensor = _signature("functions", name).get("tensor", input_argument_name)
    if input_argument_name in (None, "input", tensor):
        return []
    message = f"{name!r} has no tensor argument {input_argument_name!r}"
    return [Problem(f"{path}.input_argument_name", message, f"write {tensor!r}")]


def with_integers(place: str, name: object, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Convert 256.0 to 256 in arguments that are integers by their signature.

    This includes numbers in lists. Nested entries and arguments of unknown names are unchanged.
    """
    integers = _signature(place, name).get("integers", ())
    return {k: _integer(value) if k in integers else value for k, value in arguments.items()}


def integers_in(place: str, name: object, positional: Sequence[Any]) -> list[Any]:
    """Apply `with_integers` to positional arguments."""
    names = _by_position(_signature(place, name))[: len(positional)]
    converted = with_integers(place, name, dict(zip(names, positional, strict=False)))
    return [*converted.values(), *positional[len(names) :]]


@cache
def _table(place: str) -> dict[str, Any]:
    return json_content(SCHEMA / "names" / f"{place}.json")


def _signature(place: str, name: object) -> Signature:
    """Return the signature of a name, empty if unknown. Initializers may lack their underscore."""
    if not isinstance(name, str):
        return {}
    names = _table(place)["names"]
    return names.get(f"{name}_" if place == "initializers" and name not in names else name, {})


def _by_position(signature: Signature) -> list[str]:
    arguments = [*signature.get("required", ()), *signature.get("optional", ())]
    return arguments[: signature.get("positional", 0)]


def _name_problem(place: str, name: object, path: str) -> Problem | None:
    table, home = _table(place), _HOME[place]
    if not isinstance(name, str):
        return Problem(path, f"{name!r} is not a name", f"write the name of {home}")
    spelled = f"{name}_" if place == "initializers" and not name.endswith("_") else name
    if spelled in table["names"]:
        return None
    if name in table["refused"]:
        return Problem(path, f"{name!r} cannot be used in a file", table["refused"][name])
    guess = closest(name.rpartition(".")[2], table["names"])
    remedy = f"did you mean {guess!r}?" if guess else f"write the name of {home}"
    if not _NAME.fullmatch(name):
        remedy = f"a name has letters, digits and underscores only; {remedy}"
    return Problem(path, f"{name!r} is not {home}", remedy)


def _too_many(
    signature: Signature, name: str, positional: Sequence[object], path: str
) -> Iterable[Problem]:
    known = _by_position(signature)
    if len(positional) > len(known) and not signature.get("any_positional"):
        message = f"{name!r} takes {len(known)} positional arguments, not {len(positional)}"
        remedy = f"they are {', '.join(known)}" if known else "write keyword arguments"
        yield Problem(path, message, remedy)


def _unknown(place: str, name: str, arguments: Iterable[str], path: str) -> Iterable[Problem]:
    signature, not_given = _signature(place, name), _table(place)["not_given"]
    known = [*signature.get("required", ()), *signature.get("optional", ())]
    for argument in arguments:
        if argument in known or signature.get("any_keyword"):
            continue
        if argument in not_given:
            message = f"{argument!r} cannot be set in a file"
            yield Problem(child(path, argument), message, not_given[argument])
            continue
        guess = closest(argument, known)
        allowed = f"it takes {', '.join(known)}" if known else "it takes no arguments"
        remedy = f"did you mean {guess!r}?" if guess else allowed
        yield Problem(child(path, argument), f"{name!r} takes no argument {argument!r}", remedy)


def _duplicate(
    by_position: Iterable[str], arguments: Mapping[str, object], path: str
) -> Iterable[Problem]:
    for argument in by_position:
        if argument in arguments:
            message = f"{argument!r} occurs twice, as positional and as keyword argument"
            yield Problem(path, message, "remove one of them")


def _with_paths(
    signature: Signature, arguments: Mapping[str, object], positional: Sequence[object], path: str
) -> Iterator[Argument]:
    """Yield every argument with its JSON path; `*` is the name of additional positional ones."""
    listed = child(path, POSITIONAL)
    names = [*_by_position(signature), *repeat("*", len(positional))]
    for index, (argument, value) in enumerate(zip(names, positional, strict=False)):
        yield child(listed, index), argument, value
    for argument, value in arguments.items():
        yield child(path, argument), argument, value


def _missing(signature: Signature, name: str, present: set[str], path: str) -> Iterable[Problem]:
    missing = [argument for argument in signature.get("required", ()) if argument not in present]
    if missing:
        yield Problem(path, f"{name!r} lacks {', '.join(map(repr, missing))}", "add them")


def _invalid_values(place: str, name: str, arguments: Iterable[Argument]) -> Iterator[Problem]:
    """Yield problems of values, as far as the signature shows which values are valid."""
    signature = _signature(place, name)
    limited, least = _LEAST.get((place, name), ("", 0))
    for path, argument, value in arguments:
        choices = signature.get("choices", {}).get(argument)
        if choices and isinstance(value, str):
            yield from _not_a_choice(path, value, choices)
        elif argument in signature.get("booleans", ()):
            yield from _not_boolean(path, argument, value)
        elif argument in signature.get("strings", ()):
            yield from _not_string(path, argument, value)
        elif argument in signature.get("entries", ()):
            yield from _not_entries(path, value)
        elif argument in signature.get("numbers", ()):
            is_integer = place == "layers" and argument in signature.get("integers", ())
            yield from _not_numbers(path, argument, value, is_integer)
        if argument in signature.get("tuples", ()):
            yield from _wrong_length(path, argument, value, signature["tuples"][argument])
        if argument == limited and isinstance(value, int | float) and value < least:
            message = f"{shown(value)} is out of range, it must be at least {least}"
            yield Problem(path, message, f"{name!r} fails with a smaller {argument!r}")


def _not_a_choice(path: str, value: str, choices: list[Any]) -> Iterator[Problem]:
    if value not in choices:
        yield Problem(path, f"unknown value {shown(value)}", suggestion(value, choices))


def _not_boolean(path: str, argument: str, value: object) -> Iterator[Problem]:
    """Check a boolean: Python would take the string "false" for true."""
    if value is not None and not isinstance(value, bool):
        remedy = f"write true or false for {argument!r}"
        yield Problem(path, f"{shown(value)} is not true or false", remedy)


def _not_string(path: str, argument: str, value: object) -> Iterator[Problem]:
    if value is not None and not isinstance(value, str):
        yield Problem(path, f"{shown(value)} is not a string", f"write a string for {argument!r}")


def _not_numbers(path: str, argument: str, value: object, is_integer: bool) -> Iterator[Problem]:
    """Check a number or list of numbers: torch reports strings late or not at all."""
    for place, item in _items(value, path):
        if isinstance(item, str | dict):
            yield _not_a_number(place, argument, item)
        elif is_integer and isinstance(item, float) and not item.is_integer():
            remedy = f"write a whole number for {argument!r}"
            yield Problem(place, f"{item} is not an integer", remedy)


def _not_a_number(path: str, argument: str, value: str | dict[str, Any]) -> Problem:
    remedy = f"write a number for {argument!r}"
    if isinstance(value, str) and argument in AUTO_ARGUMENTS:
        if value == AUTO:
            return Problem(
                path, f'the data do not tell this size, so "{AUTO}" has no number', _AUTO_PLACES
            )
        if closest(value.strip(), [AUTO]):
            remedy = f"did you mean {AUTO!r}?"
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        remedy = f"write {value} for {argument!r}"
    return Problem(path, f"{shown(value)} is not a number", remedy)


def _not_entries(path: str, value: object) -> Iterator[Problem]:
    for place, item in _items(value, path):
        if item is not None and not isinstance(item, dict):
            yield Problem(place, f"{shown(item)} is not an object", 'write {"type": ...}')


def _wrong_length(path: str, argument: str, value: object, default: list[Any]) -> Iterator[Problem]:
    """Check that a list is as long as the default: torch reads so many items unchecked."""
    if isinstance(value, list) and len(value) != len(default):
        count = counted(len(value), "value")
        remedy = f"write {len(default)} numbers, for example {json.dumps(default)}"
        yield Problem(path, f"{argument!r} has {count}, not {len(default)}", remedy)


def _items(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield path and value of the items in nested lists, or of a value that is not a list."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _items(item, child(path, index))
    else:
        yield path, value


def _integer(value: Any) -> Any:
    if isinstance(value, list):
        return [_integer(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
