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


def cause_of(error: Exception) -> str:
    """Return what went wrong in words; for an error that is not ours, with its kind."""
    return str(error) if isinstance(error, DcrfError) else f"{type(error).__name__}: {error}"


def is_expected(error: BaseException | None) -> bool:
    """Whether an error goes back to one that we raised on purpose, so that nobody needs a trace."""
    while isinstance(error, DcrfError):
        if error.__cause__ is None:
            return True
        error = error.__cause__
    return False


def _describe(problem: Problem) -> str:
    place = f"  {problem.path}"
    if problem.line:
        place += f"  (line {problem.line}, column {problem.column})"
    return "\n".join([place, *(f"    {text}" for text in (problem.found, problem.remedy) if text)])
