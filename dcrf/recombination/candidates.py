"""The combinations of a space: the methods that they are, and why others are invalid."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np

import dcrf
from dcrf.config import load_checked, parse_json
from dcrf.config.defaults import add_names
from dcrf.config.extends import EXTENDS, merged, whole, with_absolute_paths
from dcrf.config.method_config import MethodConfig
from dcrf.config.parse_json import RawConfig
from dcrf.config.parts import saved_parts
from dcrf.config.safe_lookup import enabled
from dcrf.dry_run.check_method import check
from dcrf.dry_run.shapes import sample_shapes
from dcrf.errors import ConfigError, Problem
from dcrf.recombination.data_digest import data_digest
from dcrf.recombination.space import Changes, Slot, Space
from dcrf.safety.limits import SPACE_COMBINATIONS
from dcrf.storage.digests import digest

Choice = Mapping[str, str]
"""Slot -> its option, in the order of the slots."""

_NOT_THE_METHOD = ("$schema", "name", "description", "references", "device")
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A valid combination.

    name: of its method, which ends with a digest of everything that the method does, of its data
        and of the version of dcrf.
    content: of its method file.
    config: of the method.
    """

    choice: Choice
    name: str
    content: Mapping[str, Any]
    config: MethodConfig


@dataclass(frozen=True, slots=True)
class Candidates:
    """All combinations of a space that were looked at.

    valid: each once, the first combination first.
    equal: how many more combinations are methods that others are, too.
    invalid: combination -> why it is not a method that runs.
    """

    valid: Sequence[Candidate]
    equal: int
    invalid: Sequence[tuple[Choice, str]]

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """The reasons against combinations with their numbers, the commonest first."""
        return Counter(reason for _, reason in self.invalid).most_common()


def candidates_of(space: Space, max_iterations: int | None = None) -> Candidates:
    """Return the combinations of a space. The dry run decides which of them are methods that run.

    With a `number`, that many valid ones are drawn without repetition beside the reference. If they
    are suggested one by one, all are looked at.

    Args:
        space: of the combinations.
        max_iterations: ends every phase after this many iterations at the latest.

    Raises:
        ConfigError: the base cannot be read, the first combination is invalid, or there are more
            than `SPACE_COMBINATIONS`.
    """
    base = _base(space)
    valid: dict[str, Candidate] = {}
    invalid: list[tuple[Choice, str]] = []
    equal = 0
    number = None if space.is_suggested else space.number
    wanted = None if number is None else number + 1
    for choice in _choices(space, number):
        try:
            candidate = _combination(space, base, choice, max_iterations)
        except ConfigError as error:
            if not valid and not invalid:
                raise _first_invalid(space, error) from error
            invalid.append((choice, reason_of(error)))
            continue
        equal += candidate.name in valid
        valid.setdefault(candidate.name, candidate)
        if len(valid) == wanted:
            break
    return Candidates(list(valid.values()), equal, invalid)


def _choices(space: Space, drawn: int | None) -> Iterator[Choice]:
    """Yield combinations, the reference first, in the order of the file, or drawn."""
    names = [slot.name for slot in space.slots]
    options = [[*slot.options] for slot in space.slots]
    number = prod(map(len, options))
    if number > SPACE_COMBINATIONS:
        found = f"the slots have {number:,} combinations, more than {SPACE_COMBINATIONS:,}"
        raise ConfigError(space.source, [Problem("$.slots", found, "write fewer options")])
    combinations = list(product(*options))
    if drawn is not None:
        first, *others = combinations
        order = np.random.default_rng(space.draw_seed).permutation(len(others))
        combinations = [first, *(others[place] for place in order)]
    for combination in combinations:
        yield dict(zip(names, combination, strict=True))


def combination(space: Space, choice: Choice, max_iterations: int | None = None) -> Candidate:
    """Return one combination of a space.

    Raises:
        ConfigError: it is not a method that runs.
    """
    return _combination(space, _base(space), choice, max_iterations)


def changed(
    space: Space, candidate: Candidate, changes: Changes, max_iterations: int | None = None
) -> Candidate:
    """Return a combination with changes beside its choice.

    Args:
        space: whose folder relative paths start at.
        candidate: a combination.
        changes: of entries, as in a file with `extends`.
        max_iterations: as in `candidates_of`.

    Raises:
        ConfigError: it is not a method that runs.
    """
    raw = _with(space, parse_json.from_dict(dict(candidate.content)), changes)
    return _checked(space, raw, candidate.choice, max_iterations)


def reason_of(error: ConfigError) -> str:
    """Return the first problem of a combination in words."""
    first, *_ = error.problems
    return f"{first.path}: {first.found}"


def _base(space: Space) -> RawConfig:
    """Return the base.

    Raises:
        ConfigError: it cannot be read, or saves parameters.
    """
    base = whole(parse_json.from_dict({EXTENDS: str(space.base)}))
    phases = enabled(base.data, "phases")
    for place in [place for phase in phases for place, _, _ in saved_parts(phase)]:
        found = f"{place} of the base saves parameters, to the same files in all runs of the search"
        remedy = "start from a method without it; run folders contain all parameters"
        raise ConfigError(space.source, [Problem("$.base", found, remedy)])
    return base


def _combination(
    space: Space, base: RawConfig, choice: Choice, max_iterations: int | None
) -> Candidate:
    raw = base
    for slot in sorted(space.slots, key=lambda slot: slot.is_removable):  # others change entries
        _check_path(space, slot, choice, raw.data)
        raw = _without(raw, slot.path) if slot.sets_value else raw
        raw = _with(space, raw, slot.options[choice[slot.name]])
    return _checked(space, raw, choice, max_iterations)


def _without(raw: RawConfig, path: Sequence[str]) -> RawConfig:
    """Return a method without the value at a path, which `_check_path` has found to lead there."""
    data = deepcopy(raw.data)
    container: Any = data
    for step in path[:-1]:
        container = _inner(container, step)
    if isinstance(container, dict) and path[-1] in container:
        container[path[-1]] = None  # `$remove` needs the key
    return replace(raw, data=data)


def _inner(value: Any, step: str) -> Any:
    """Return what a step of a path leads to, None if there is nothing."""
    if step.startswith("[") and isinstance(value, list):
        named = {entry.get("name"): entry for entry in value if isinstance(entry, dict)}
        return named.get(step[1:-1])
    return value.get(step) if isinstance(value, dict) else None


def _with(space: Space, raw: RawConfig, changes: Changes) -> RawConfig:
    """Return a method with changes that stand in the space file."""
    own = parse_json.from_dict(dict(changes))
    add_names(own.data)
    return merged(raw, replace(own, files=dict.fromkeys(own.positions, str(space.source))))


def _checked(space: Space, raw: RawConfig, choice: Choice, max_iterations: int | None) -> Candidate:
    """Return the method of a combination, which runs."""
    if raw.problems:
        raise ConfigError(space.source, raw.problems)
    content = {**with_absolute_paths(raw).data, "name": space.name}
    config = load_checked(content, max_iterations=max_iterations, shapes_of=sample_shapes)
    check(config)
    name = f"{space.name}_{_digest(config)}"
    words = f"A combination of the space {space.name}."
    return Candidate(choice, name, {**content, "name": name, "description": words}, config)


def _check_path(space: Space, slot: Slot, choice: Choice, method: Mapping[str, Any]) -> None:
    """Raise ConfigError if the entries on the path of a slot are not in the method."""
    value: Any = method
    steps = slot.path if slot.path[-1:] and slot.path[-1].startswith("[") else slot.path[:-1]
    for step in steps:
        value = _inner(value, step)
        if value is None:
            found = f"slot {slot.name!r} names nothing: {step} is missing"
            raise ConfigError(space.source, [Problem("$.slots", found)])


def _digest(config: MethodConfig) -> str:
    plain = {key: value for key, value in config.filled.items() if key not in _NOT_THE_METHOD}
    return digest([plain, data_digest(config.datasets), dcrf.__version__])[:_DIGITS]


def _first_invalid(space: Space, error: ConfigError) -> ConfigError:
    """Return the error of a first combination, with which the others would be compared."""
    found = f"the combination of all first options is not a method that runs: {reason_of(error)}"
    remedy = "begin every slot with an option that leaves the base as it is"
    return ConfigError(space.source, [Problem("$.slots", found, remedy)])
