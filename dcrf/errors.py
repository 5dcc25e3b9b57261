"""Every error a user can cause. Each says where, what was found, and what would be right."""

import errno
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcrf.safety.limits import PROBLEMS_OF_A_KIND


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
        count += " or more" if len(problems) >= PROBLEMS_OF_A_KIND else ""
        described = (describe(source, problem) for problem in self.problems)
        super().__init__("\n".join([f"{source} has {count}", *described]))


class CommandLineError(DcrfError):
    """The command line names missing files or contradicts itself."""


class DataError(DcrfError):
    """A data set cannot be read, or cannot be used as the method file asks."""


class OptionError(DataError):
    """One option of a data set is wrong.

    key: the option.
    given, known: the name that it has and those that it may have, where it is one of a few.
    """

    def __init__(self, key: str, found: str, given: str = "", known: Sequence[str] = ()) -> None:
        self.key, self.given, self.known = key, given, tuple(known)
        super().__init__(found)


class TooFewSamplesError(DataError):
    """Fewer samples than clusters are to be formed of them."""


class TrainingError(DcrfError):
    """Training cannot go on."""


class OutputShapeError(TrainingError):
    """The output of a mapping has a shape that its user cannot take.

    mapping: the mapping, a module.
    """

    def __init__(self, mapping: object, message: str) -> None:
        self.mapping = mapping
        super().__init__(message)


class DivergedError(TrainingError):
    """Losses, gradients, parameters, features or assignments are not finite any more."""

    def __init__(self, found: str) -> None:
        super().__init__(f"training has diverged: {found}")


_OUT_OF_MEMORY = re.compile(
    "OutOfMemoryError|out of memory|can(?:'|no)t allocate memory|_ALLOC_FAILED|bad[_ ]alloc",
    re.IGNORECASE,
)
"""What torch and C++ say, with and without a GPU, where no memory is left."""


def status_of(error: BaseException) -> str:
    """Return how a run has failed: `diverged`, `out of memory`, or else `failed`.

    The kinds of errors decide, of this one and of those that it goes back to: what they say may
    hold names that a user has chosen.
    """
    found = list(causes(error, contexts=True))
    if any(isinstance(cause, DivergedError) for cause in found):
        return "diverged"
    return "out of memory" if any(map(_is_out_of_memory, found)) else "failed"


def causes(error: BaseException | None, *, contexts: bool = False) -> Iterator[BaseException]:
    """Yield an error, and those that it goes back to.

    Args:
        error: to begin with.
        contexts: whether also to those that were being handled when it was raised.
    """
    while error is not None:
        yield error
        context = error.__context__ if contexts and not error.__suppress_context__ else None
        error = error.__cause__ or context


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError):  # of torch, which has no other kind for most of them
        return bool(_OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}"))
    return isinstance(error, MemoryError)


def cause_of(error: BaseException) -> str:
    """Return what went wrong in words; for an error that is not ours, with its kind."""
    if isinstance(error, DcrfError):
        return str(error)
    said = str(error).split("\nException raised from ")[0]  # torch's call stack follows
    return f"{type(error).__name__}: {said}"


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; its kind where it says nothing."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def is_expected(error: BaseException | None) -> bool:
    """Whether an error goes back to one that we raised on purpose, so that nobody needs a trace."""
    found = list(causes(error))
    return bool(found) and all(isinstance(cause, DcrfError) for cause in found)


def indented(text: str) -> str:
    """Return text whose lines after the first cannot be taken for lines of their own."""
    return text.replace("\n", "\n    ")


def describe(source: Path | str, problem: Problem) -> str:
    """Return `file:line:column: path: found` and, in a second line, the remedy.

    Editors turn the beginning into a link.
    """
    place = f"{source}:{problem.line}:{problem.column}" if problem.line else f"{source}"
    remedy = f"\n{problem.remedy}" if problem.remedy else ""
    return indented(f"{place}: {problem.path}: {problem.found}{remedy}")
