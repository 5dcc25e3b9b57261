"""Check what a file calls from torch and torchvision, without importing them.

Names and arguments are held against `schema/names`, which `make schema` generates from the real
signatures. A place is the stem of a file there.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice, repeat
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.rules.suggestions import closest
from dcrf.config.rules.torch_values import Given, value_problems
from dcrf.errors import Problem
from dcrf.safety.limits import PROBLEMS_OF_A_KIND
from dcrf.schema.registry import SCHEMA

Entry = Mapping[str, Any]

POSITIONAL = "positional_arguments"
"""The key of the arguments by position."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HOME = {
    "layers": "a layer of torch.nn",
    "initializers": "a function of torch.nn.init",
    "functions": "a function of torch.nn.functional",
    "optimizers": "an optimizer of torch.optim",
    "schedulers": "a scheduler of torch.optim.lr_scheduler",
    "transforms": "a transform of torchvision.transforms",
    "datasets": "a data set of torchvision.datasets",
}


def check_call(
    place: str,
    name: object,
    arguments: Mapping[str, object],
    path: str,
    positional: Sequence[object] = (),
    key: str = "type",
) -> list[Problem]:
    """Return what is wrong with a call that a file asks for; nothing if it can be made.

    Args:
        place: where the name must be from: layers, initializers, functions, optimizers,
            schedulers, transforms or datasets.
        name: what the file has for a name, whatever its type.
        arguments: the arguments by key, without the keys that are the framework's.
        path: JSON path of the entry. What is wrong with the name is at `path.key`.
        positional: the arguments by position.
        key: the key of the entry that holds the name.
    """
    if problem := _name_problem(place, name, f"{path}.{key}"):
        return [problem]
    entry = _entry(place, name)
    given_by_position = _by_position(entry)[: len(positional)]
    found = chain(
        _too_many(entry, str(name), positional, path),
        _not_arguments(place, str(name), arguments, path),
        _given_twice(given_by_position, arguments, path),
        value_problems(place, str(name), entry, _with_paths(entry, arguments, positional, path)),
        _missing(entry, str(name), {*given_by_position, *arguments}, path),
    )
    return list(islice(found, PROBLEMS_OF_A_KIND))


def is_known(place: str, name: object) -> bool:
    """Whether a file may use a name at a place."""
    return _name_problem(place, name, "") is None


def has_parameters(layer: object) -> bool:
    """Whether a layer of torch.nn has parameters of its own, besides those of nested layers."""
    return bool(_entry("layers", layer).get("parameters"))


def check_input_argument(name: object, input_argument_name: object, path: str) -> list[Problem]:
    """Return what is wrong with the `input_argument_name` of an entry that names a function.

    Nothing is wrong where it is absent (None) or `input`, which stands for the tensor of any
    function, or is the function's own word for it.
    """
    own_word = _entry("functions", name).get("tensor", input_argument_name)
    if input_argument_name in (None, "input", own_word):
        return []
    found = f"{name!r} takes no tensor as {input_argument_name!r}"
    return [Problem(f"{path}.input_argument_name", found, f"write {own_word!r}")]


def with_integers(place: str, name: object, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with 256.0 as 256 where the signature means an integer.

    Numbers in lists are converted too, nested entries are left alone. A name that is not in
    the place leaves the arguments as they are.
    """
    integers = _entry(place, name).get("integers", ())
    return {k: _integer(value) if k in integers else value for k, value in arguments.items()}


def integers_in(place: str, name: object, positional: Sequence[Any]) -> list[Any]:
    """Return the arguments by position as `with_integers` does those by key."""
    entry = _entry(place, name)
    names = _by_position(entry)[: len(positional)]
    converted = with_integers(place, name, dict(zip(names, positional, strict=False)))
    return [*converted.values(), *positional[len(names) :]]


@cache
def _table(place: str) -> dict[str, Any]:
    return json.loads((SCHEMA / "names" / f"{place}.json").read_text())


def _entry(place: str, name: object) -> Entry:
    """Return what is known of a name; initializers go with and without their underscore."""
    if not isinstance(name, str):
        return {}
    names = _table(place)["names"]
    return names.get(f"{name}_" if place == "initializers" and name not in names else name, {})


def _by_position(entry: Entry) -> list[str]:
    arguments = [*entry.get("required", ()), *entry.get("optional", ())]
    return arguments[: entry.get("positional", 0)]


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
    entry: Entry, name: str, positional: Sequence[object], path: str
) -> Iterable[Problem]:
    known = _by_position(entry)
    if len(positional) > len(known) and not entry.get("any_positional"):
        found = f"{name!r} takes {len(known)} arguments by position, not {len(positional)}"
        remedy = f"by position go {', '.join(known)}" if known else "give arguments by their keys"
        yield Problem(path, found, remedy)


def _not_arguments(place: str, name: str, arguments: Iterable[str], path: str) -> Iterable[Problem]:
    entry, barred = _entry(place, name), _table(place)["not_given"]
    known = [*entry.get("required", ()), *entry.get("optional", ())]
    for argument in arguments:
        if argument in known or entry.get("any_keyword"):
            continue
        if argument in barred:
            found = f"{argument!r} cannot be given in a file"
            yield Problem(child(path, argument), found, barred[argument])
            continue
        guess = closest(argument, known)
        remedy = f"did you mean {guess!r}?" if guess else _allowed(known)
        found = f"{name!r} takes no argument {argument!r}"
        yield Problem(child(path, argument), found, remedy)


def _given_twice(
    given_by_position: Iterable[str], arguments: Mapping[str, object], path: str
) -> Iterable[Problem]:
    for argument in given_by_position:
        if argument in arguments:
            found = f"{argument!r} is given twice, by position and by key"
            yield Problem(path, found, "leave one of them out")


def _with_paths(
    entry: Entry, arguments: Mapping[str, object], positional: Sequence[object], path: str
) -> Iterator[Given]:
    """Yield JSON path, name and value of every argument; `*` names those of `*args`."""
    listed = child(path, POSITIONAL)
    names = [*_by_position(entry), *repeat("*", len(positional))]
    for index, (argument, value) in enumerate(zip(names, positional, strict=False)):
        yield child(listed, index), argument, value
    for argument, value in arguments.items():
        yield child(path, argument), argument, value


def _missing(entry: Entry, name: str, given: set[str], path: str) -> Iterable[Problem]:
    missing = [argument for argument in entry.get("required", ()) if argument not in given]
    if missing:
        words = ", ".join(map(repr, missing))
        yield Problem(path, f"{name!r} lacks {words}", f"{name!r} cannot be made without")


def _allowed(known: Sequence[str]) -> str:
    return f"it takes {', '.join(known)}" if known else "it takes no arguments"


def _integer(value: Any) -> Any:
    if isinstance(value, list):
        return [_integer(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
