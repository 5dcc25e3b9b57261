"""Every error a user can cause. Each says where, what was found, and what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class DcrfError(Exception):
    """Base of all errors this package raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a method file.

    path: a JSON path such as `$.phases[0].name`.
    found: what stands there.
    remedy: what would be right.
    line, column: where it stands in the file, from 1; 0 where that is not known.
    """

    path: str
    found: str
    remedy: str = ""
    line: int = 0
    column: int = 0


class ConfigError(DcrfError):
    """A method file cannot be used. Reports every problem, not only the first."""

    def __init__(self, source: Path | str, problems: Sequence[Problem]) -> None:
        self.source, self.problems = source, tuple(problems)
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        super().__init__("\n".join([f"{source} has {count}", *map(_describe, self.problems)]))


class DataError(DcrfError):
    """A data set cannot be read, or cannot be used as the method file asks."""


class TrainingError(DcrfError):
    """Training cannot go on."""


def _describe(problem: Problem) -> str:
    place = f"  {problem.path}"
    if problem.line:
        place += f"  (line {problem.line}, column {problem.column})"
    return "\n".join([place, *(f"    {text}" for text in (problem.found, problem.remedy) if text)])
