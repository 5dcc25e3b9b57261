"""JSON paths such as `$.phases[0].name`, and their positions in a file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from dcrf.errors import Problem
from dcrf.safety.terminal_text import escaped

Positions = Mapping[str, tuple[int, int]]
"""JSON path -> (line, column) of a value, from 1; (0, 0) if the file does not contain it."""

_NO_FILES: Mapping[str, str] = MappingProxyType({})
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
    """Return the JSON path of the list or object that contains the value at `path`.

    The parent of `$` is `$`.
    """
    shortened, count = _LAST_STEP.subn("", path)
    return shortened if count and shortened else "$"


def moved(path: str, old: str, new: str) -> str:
    """Return `path` with its prefix, the JSON path `old`, replaced by `new`."""
    is_inside = path.startswith(old) and path[len(old) : len(old) + 1] in ("", ".", "[")
    return new + path[len(old) :] if is_inside else path


def locate(
    problems: Iterable[Problem], positions: Positions, files: Mapping[str, str] = _NO_FILES
) -> list[Problem]:
    """Add line and column to problems, sort by these, and drop duplicates.

    A value that the file lacks, such as a missing key, gets the position of its container.

    Args:
        problems: a problem that has a line keeps it.
        positions: of all values.
        files: JSON path -> file of each value that is not in the method file itself.
    """
    located: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        located.setdefault((problem.path, problem.found), _with_position(problem, positions, files))
    return sorted(located.values(), key=lambda p: (p.file, p.line, p.column))


def _with_position(problem: Problem, positions: Positions, files: Mapping[str, str]) -> Problem:
    if problem.line or not problem.path.startswith("$"):
        return problem
    path = problem.path
    while path not in positions and path != "$":
        path = parent(path)
    line, column = positions.get(path, (0, 0))
    return replace(problem, line=line, column=column, file=files.get(path, "") if line else "")
