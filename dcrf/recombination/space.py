"""A space of methods: a file with a base and slots, each with options."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from dcrf.config import parse_json
from dcrf.config.extends import EXTENDS, REMOVE
from dcrf.config.json_paths import child, locate
from dcrf.config.rules import schema_errors
from dcrf.errors import ConfigError, DataError, Problem
from dcrf.runs.new_method import method_file
from dcrf.schema.package_data import SCHEMA, json_content

Changes = Mapping[str, Any]
"""Entries of a method that an option changes, as in a file with `extends`."""

_SCHEMA = SCHEMA / "recombination" / "space.json"
_STEP = re.compile(r"\.?(?P<key>[^.\[\]]+)|\[(?P<item>[^\]]+)\]")
_FORMS = ({"options"}, {"path", "values"}, {"removable"})
_NOT_CHANGED = {EXTENDS, "name", "seed", "abstract", "device"}
_REMEDIES = {"seed": "write the seeds in seeds", "device": "give the flag --device"}
_WITH, _WITHOUT = "with", "without"
_AS_SEARCHED = "the data of the search"


@dataclass(frozen=True, slots=True)
class Slot:
    """A choice.

    options: name -> what it changes in the base; the first one is the reference.
    path: of the value or entry that all options change, as steps; empty if each option has its own.
    is_removable: whether the options are with and without an entry, in this order.
    """

    name: str
    options: Mapping[str, Changes]
    path: tuple[str, ...] = ()
    is_removable: bool = False

    @property
    def sets_value(self) -> bool:
        """Whether an option replaces what the base has at the path, rather than changing it."""
        return bool(self.path) and not self.is_removable


@dataclass(frozen=True, slots=True)
class Rung:
    """Short runs, after which some combinations go on.

    iterations: of the last phase, at most.
    keep: number of combinations that go on, beside the first one.
    """

    iterations: int
    keep: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the search has not seen.

    options: name of a setting -> what it changes in a method.
    """

    seeds: Sequence[int]
    options: Mapping[str, Changes]


@dataclass(frozen=True, slots=True)
class Space:
    """The content of a space file.

    base: the path of the method file.
    number: of combinations that are drawn or suggested beside the first one; None for all.
    draw_seed: the seed of the draw.
    is_suggested: whether combinations run one after another, suggested by the scores of those
        before.
    rungs: of successive halving.
    score: the metric by which combinations go on or are suggested; None for the one that orders
        them in the end.
    """

    source: Path
    name: str
    base: Path
    slots: Sequence[Slot]
    seeds: Sequence[int] = (0,)
    number: int | None = None
    draw_seed: int = 0
    is_suggested: bool = False
    rungs: Sequence[Rung] = ()
    score: str | None = None
    confirmation: Confirmation | None = None

    @property
    def first(self) -> dict[str, str]:
        """The combination of all first options."""
        return {slot.name: next(iter(slot.options)) for slot in self.slots}


def read_space(source: Path) -> Space:
    """Read a space file.

    Raises:
        ConfigError: the file is not a space, or its base does not exist.
    """
    raw = parse_json.read(source)
    schema = json_content(_SCHEMA)
    problems = [*raw.problems, *schema_errors.problems(raw.data, schema)]
    if not problems:
        problems = [*_problems_of_slots(raw.data["slots"]), *_problems_of_search(raw.data)]
        try:
            base = _base(source.parent.absolute(), raw.data["base"])
        except DataError as error:
            remedy = "a relative path starts at the folder of this file"
            problems.append(Problem("$.base", str(error), remedy))
    if problems:
        raise ConfigError(source, locate(problems, raw.positions))
    search = raw.data.get("search", {})
    return Space(
        source,
        raw.data["name"],
        base,
        [_slot(entry) for entry in raw.data["slots"]],
        [int(seed) for seed in raw.data.get("seeds", [0])],  # the file may say 1.0
        None if search.get("number") is None else int(search["number"]),
        int(search.get("seed", 0)),
        search.get("type") == "tpe",
        [Rung(int(rung["iterations"]), int(rung["keep"])) for rung in search.get("rungs", ())],
        search.get("score"),
        _confirmation(raw.data.get("confirmation")),
    )


def _confirmation(entry: Mapping[str, Any] | None) -> Confirmation | None:
    if entry is None:
        return None
    seeds = [int(seed) for seed in entry["seeds"]]
    return Confirmation(seeds, entry.get("options", {_AS_SEARCHED: {}}))


def _base(folder: Path, name: str) -> Path:
    """Return the method file of a path or the name of a shipped method.

    Raises:
        DataError: there is none.
    """
    is_path = name.endswith(".json")
    return method_file(os.path.normpath(folder / name) if is_path else name)


def _problems_of_slots(entries: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    names: set[str] = set()
    set_before: dict[tuple[str, ...], str] = {}
    for index, entry in enumerate(entries):
        path = child("$.slots", index)
        if entry["name"] in names:
            yield Problem(
                child(path, "name"), f"two slots are called {entry['name']!r}", "rename one"
            )
        names.add(entry["name"])
        keys = entry.keys() - {"name"}
        if keys not in _FORMS:
            yield Problem(
                path,
                f"a slot with {', '.join(sorted(keys)) or 'a name only'}",
                'write "options", or "path" with "values", or "removable"',
            )
        if len({_text(value) for value in entry.get("values", ())}) < len(entry.get("values", ())):
            found = "two values are written in the same way"
            yield Problem(child(path, "values"), found, "remove one of them")
        for name, changes in entry.get("options", {}).items():
            yield from _problems_of_changes(changes, child(child(path, "options"), name))
        for key in keys & {"path", "removable"}:
            steps = _steps(entry[key])
            if reason := _reason_against(steps, is_entry=key == "removable"):
                yield Problem(child(path, key), f"{entry[key]!r} {reason}", _form(key))
            elif steps[0] in _NOT_CHANGED:
                found = f"a slot cannot change {steps[0]!r}"
                yield Problem(child(path, key), found, _REMEDIES.get(steps[0], "remove the slot"))
            elif key == "path":
                for other, name in set_before.items():
                    if steps[: len(other)] == other or other[: len(steps)] == steps:
                        found = f"the slot {name!r} sets the same value, or one within it"
                        yield Problem(child(path, key), found, "join both slots by options")
                set_before[steps] = entry["name"]


def _problems_of_search(content: Mapping[str, Any]) -> Iterator[Problem]:
    rungs = content.get("search", {}).get("rungs", ())
    for number, (before, rung) in enumerate(pairwise(rungs), 1):
        path = child("$.search.rungs", number)
        if rung["iterations"] <= before["iterations"]:
            found = f"{rung['iterations']} iterations after a rung of {before['iterations']}"
            yield Problem(child(path, "iterations"), found, "write a greater number")
        if rung["keep"] >= before["keep"]:
            found = f"keeps {rung['keep']} of {before['keep']} combinations"
            yield Problem(child(path, "keep"), found, "write a smaller number")
    confirmation = content.get("confirmation", {})
    if seen := sorted({*confirmation.get("seeds", ())} & {*content.get("seeds", [0])}):
        found = f"the search has seen the seeds {', '.join(map(str, seen))}"
        yield Problem("$.confirmation.seeds", found, "write seeds that are not in seeds")
    for name, changes in confirmation.get("options", {}).items():
        yield from _problems_of_changes(changes, child("$.confirmation.options", name))


def _problems_of_changes(changes: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for key in changes.keys() & _NOT_CHANGED:
        yield Problem(child(path, key), f"an option cannot change {key!r}", "remove it")


def _form(key: str) -> str:
    entry = "phases[clustering].design_patterns[reconstruction]"
    return f"write for example {entry}{'' if key == 'removable' else '.loss_weight'}"


def _reason_against(steps: Sequence[str], *, is_entry: bool) -> str | None:
    """Return why steps are not a path to a value or to an entry of a list."""
    if not steps:
        return "is not a JSON path"
    if is_entry != steps[-1].startswith("["):
        return "is not an entry of a list" if is_entry else "is an entry of a list, not a value"
    if any(step[1:-1].isdecimal() for step in steps if step.startswith("[")):
        return "has the number of an item, which changes with the entries before it"
    return None


def _steps(path: str) -> tuple[str, ...]:
    """Return the steps of a path, items of lists in brackets; nothing if it is not a path."""
    steps, at = [], 2 if path.startswith("$.") else 0
    while match := _STEP.match(path, at):
        steps.append(match["key"] if match["item"] is None else f"[{match['item']}]")
        at = match.end()
    return tuple(steps) if at == len(path) else ()


def _slot(entry: Mapping[str, Any]) -> Slot:
    name = entry["name"]
    if "options" in entry:
        return Slot(name, entry["options"])
    if "removable" in entry:
        steps = _steps(entry["removable"])
        options = {_WITH: {}, _WITHOUT: _nested(steps, {REMOVE: True})}
        return Slot(name, options, steps, is_removable=True)
    steps = _steps(entry["path"])
    return Slot(name, {_text(v): _nested(steps, v) for v in entry["values"]}, steps)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _nested(steps: Sequence[str], value: Any) -> Any:
    """Return the entries of a method that have a value at a path."""
    if not steps:
        return value
    first, *rest = steps
    inner = _nested(rest, value)
    return [{"name": first[1:-1], **inner}] if first.startswith("[") else {first: inner}
