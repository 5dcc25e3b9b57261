"""Override values of a method from the command line: `--set phases[finetuning].order=2`."""

import re
from collections.abc import Sequence
from typing import Any

from dcrf.config.deprecated_keys import other_spelling
from dcrf.config.json_paths import child
from dcrf.config.parse_json import value_of
from dcrf.errors import Problem

_STEP = re.compile(r"\.?(?P<key>[^.\[\]=]+)|\[(?P<item>[^\]]*)\]")
_INDEX = re.compile(r"[0-9]{1,9}")
_FORM = "write JSON.PATH=VALUE, for example datasets[0].batch_size=64"


class _SettingError(Exception):
    """A setting cannot be applied. Its arguments are the finding and the remedy."""


def apply(
    data: dict[str, Any], settings: Sequence[str], device: str | None = None
) -> tuple[dict[str, str], list[Problem]]:
    """Apply settings `JSON.PATH=VALUE`, then the device, to a method's data in place.

    A step of the path is a key, or the index or name of a list item. VALUE is JSON, otherwise a
    plain string. The last key may be new; the schema decides whether it is allowed.

    Returns:
        JSON path -> command-line option of each value that was set, and a problem for each
        setting that cannot be applied.
    """
    origins: dict[str, str] = {}
    problems = []
    for setting in settings:
        try:
            origins[_apply(data, setting)] = "--set"
        except _SettingError as error:
            problems.append(Problem(f"--set {setting}", *error.args))
    if device is not None:
        _assign(data, "device", device)
        origins["$.device"] = "--device"
    return origins, problems


def cap_iterations(data: dict[str, Any], most: int) -> None:
    """Limit every phase to `most` iterations, in place."""
    phases = data.get("phases")
    for phase in phases if isinstance(phases, list) else []:
        criteria = phase.get("exit_criteria") if isinstance(phase, dict) else None
        if isinstance(criteria, dict) and criteria:  # the schema reports an empty one
            iterations = criteria.get("iterations", most)
            if isinstance(iterations, int | float) and not isinstance(iterations, bool):
                criteria["iterations"] = min(iterations, most)


def _apply(data: dict[str, Any], setting: str) -> str:
    steps, value = _parsed(setting)
    container: Any = data
    path = "$"
    for step in steps[:-1]:
        key = _key(container, step, path)
        if isinstance(container, dict) and key not in container:
            raise _SettingError(f"{path} has no {key!r}", f"it has: {', '.join(container)}")
        container, path = container[key], child(path, key)
    key = _key(container, steps[-1], path)
    _assign(container, key, value)
    return child(path, key)


def _assign(container: Any, key: str | int, value: Any) -> None:
    """Set a value, and drop the same key in its other spelling."""
    if isinstance(container, dict):
        container.pop(other_spelling(str(key)), None)
    container[key] = value


def _parsed(setting: str) -> tuple[list[str], Any]:
    """Return the steps of the path and the value of a setting."""
    steps: list[str] = []
    at = 2 if setting.startswith("$.") else 0
    while match := _STEP.match(setting, at):
        steps.append(match["key"] if match["item"] is None else match["item"])
        at = match.end()
    if not steps or setting[at : at + 1] != "=":
        raise _SettingError("not a JSON path and a value", _FORM)
    return steps, _value(setting[at + 1 :])


def _value(text: str) -> Any:
    try:
        return value_of(text)
    except ValueError:
        return text


def _key(container: Any, step: str, path: str) -> str | int:
    """Return the object key or list index of a step."""
    if isinstance(container, dict):
        return step
    if not isinstance(container, list):
        raise _SettingError(f"{path} is neither an object nor a list", _FORM)
    if _INDEX.fullmatch(step):
        if int(step) < len(container):
            return int(step)
        raise _SettingError(f"{path} has no item {step}", f"it has {len(container)}, from 0")
    names = [_name(item) for item in container]
    if names.count(step) != 1:
        count = "no item" if step not in names else "several items"
        remedy = f"its items are: {', '.join(map(str, names))}"
        raise _SettingError(f"{path} has {count} called {step!r}", remedy)
    return names.index(step)


def _name(item: Any) -> Any:
    """Return the name of a list item, or the value that identifies it instead."""
    if not isinstance(item, dict):
        return None
    return next((item[key] for key in ("name", "dataset", "type", "pattern") if key in item), None)
