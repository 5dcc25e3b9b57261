"""Every error a user can cause. Each says where, what was found, and what would be right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_PROBLEMS = 200
"""Of one kind, to be looked for in a file: who has mended them looks again anyway."""


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
        count += " or more" if len(problems) >= MOST_PROBLEMS else ""
        described = (_describe(source, problem) for problem in self.problems)
        super().__init__("\n".join([f"{source} has {count}", *described]))


class DataError(DcrfError):
    """A data set cannot be read, or cannot be used as the method file asks."""


class TrainingError(DcrfError):
    """Training cannot go on."""


class DivergedError(TrainingError):
    """Losses, features or assignments are infinite or no numbers any more."""

    SIGN = "training has diverged"

    def __init__(self, found: str) -> None:
        super().__init__(f"{self.SIGN}: {found}")


_OUT_OF_MEMORY = re.compile(
    r"MemoryError\b|OutOfMemoryError|out of memory|can't allocate memory|_ALLOC_FAILED"
)
"""What Python and numpy, and torch with and without a GPU, say where no memory is left."""


def status_of(cause: str) -> str:
    """Return how a run has failed: `diverged`, `out of memory`, or else `failed`.

    Args:
        cause: what went wrong in words, since a run tells other processes no more than them.
    """
    if DivergedError.SIGN in cause:
        return "diverged"
    return "out of memory" if _OUT_OF_MEMORY.search(cause) else "failed"


def cause_of(error: BaseException) -> str:
    """Return what went wrong in words; for an error that is not ours, with its kind."""
    if isinstance(error, DcrfError):
        return str(error)
    said = str(error).split("\nException raised from ")[0]  # torch's call stack follows
    return f"{type(error).__name__}: {said}"


def is_expected(error: BaseException | None) -> bool:
    """Whether an error goes back to one that we raised on purpose, so that nobody needs a trace."""
    while isinstance(error, DcrfError):
        if error.__cause__ is None:
            return True
        error = error.__cause__
    return False


def _describe(source: Path | str, problem: Problem) -> str:
    """Return `file:line:column: path: found`, which editors turn into a link, and the remedy."""
    place = f"{source}:{problem.line}:{problem.column}" if problem.line else f"{source}"
    remedy = f"\n    {problem.remedy}" if problem.remedy else ""
    return f"{place}: {problem.path}: {problem.found}{remedy}"
