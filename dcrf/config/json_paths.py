"""JSON paths such as `$.phases[0].name`, and where they stand in a file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dcrf.errors import Problem
from dcrf.safety.terminal_text import escaped

Places = Mapping[str, tuple[int, int]]

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_LAST_STEP = re.compile(r"(\.[A-Za-z_$][A-Za-z0-9_$]*|\[\d+\]|\['(?:[^'\\]|\\.)*'\])\Z", re.DOTALL)


def child(path: str, key: str | int) -> str:
    """Return the JSON path of an item of the list, or of a key of the object, at `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}"
    quoted = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"{path}['{escaped(quoted)}']"


def parent(path: str) -> str:
    """Return the JSON path of what contains the value at `path`; `$` for the top."""
    found, count = _LAST_STEP.subn("", path)
    return found if count and found else "$"


def moved(path: str, old: str, new: str) -> str:
    """Return `path` with the path `old` at its beginning exchanged for `new`."""
    is_inside = path.startswith(old) and path[len(old) : len(old) + 1] in ("", ".", "[")
    return new + path[len(old) :] if is_inside else path


def with_line_numbers(problems: Iterable[Problem], places: Places) -> list[Problem]:
    """Give problems their line and column, sort them by these, and drop those said twice.

    What is not in the file, as a missing key, is placed at what should contain it.
    """
    found: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        found.setdefault((problem.path, problem.found), _locate(problem, places))
    return sorted(found.values(), key=lambda problem: (problem.line, problem.column))


def _locate(problem: Problem, places: Places) -> Problem:
    if problem.line or not problem.path.startswith("$"):
        return problem
    path = problem.path
    while path not in places and path != "$":
        path = parent(path)
    line, column = places.get(path, (0, 0))
    return replace(problem, line=line, column=column)
