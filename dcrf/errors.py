"""The errors that a user can cause, and functions of their messages."""

import errno
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dcrf.safety.limits import PROBLEMS_OF_A_KIND


class DcrfError(Exception):
    """Base of all errors that dcrf raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a method file, or a warning about it.

    path: JSON path of the value, such as `$.phases[0].name`, or a command-line option.
    found: the value, and the reason for the problem.
    remedy: how to solve it.
    line, column: position in the file, from 1; 0 if the file does not contain the value.
    file: the file with the value, if that is not the method file but one that it extends.
    """

    path: str
    found: str
    remedy: str = ""
    line: int = 0
    column: int = 0
    file: str = ""


class ConfigError(DcrfError):
    """A method file is invalid. The message lists every problem."""

    def __init__(self, source: Path | str, problems: Sequence[Problem]) -> None:
        self.source, self.problems = source, tuple(problems)
        count = counted(len(problems), "problem")
        count += " or more" if len(problems) >= PROBLEMS_OF_A_KIND else ""
        described = (describe(source, problem) for problem in self.problems)
        super().__init__("\n".join([f"{source} has {count}", *described]))


class CommandLineError(DcrfError):
    """The command line names missing files or contradicts itself."""


class DataError(DcrfError):
    """A data set is unreadable, or does not fit the method."""


class TransformError(DataError):
    """A transform fails, or rejects its arguments."""


class Remedy(NamedTuple):
    """A setting of a data set that may mend an error.

    key: of the data set.
    value: of the key; None if the user must choose it.
    effect: of the setting, as a verb, such as `leaves their rows out`.
    """

    key: str
    value: str | bool | Sequence[str] | None
    effect: str


class OptionError(DataError):
    """An option of a data set or a design pattern is invalid, or does not fit the data.

    key: the option.
    message: without the remedies.
    value, known: its value and the allowed ones, if the option is one of a few names.
    remedies: settings that may mend it. The text of the error has them as in a method file.
    """

    def __init__(
        self,
        key: str,
        message: str,
        value: str = "",
        known: Sequence[str] = (),
        remedies: Sequence[Remedy] = (),
    ) -> None:
        self.key, self.message, self.value, self.known = key, message, value, tuple(known)
        self.remedies = tuple(remedies)
        super().__init__(self.told(_as_in_a_file))

    def told(self, write: Callable[[Remedy], str]) -> str:
        """Return the message with its remedies, whose settings `write` writes."""
        remedies = ", ".join(f"{write(remedy)} {remedy.effect}" for remedy in self.remedies)
        return "; ".join(filter(None, [self.message, remedies]))


def _as_in_a_file(remedy: Remedy) -> str:
    key = json.dumps(remedy.key)
    if remedy.value is None:
        return key
    return f"{key}: {json.dumps(remedy.value, ensure_ascii=False)}"


class TooFewSamplesError(DataError):
    """A data set has fewer samples than clusters."""


class ClusteringError(DataError):
    """A clustering does not work on a data set, or finds no clusters in it."""


class TrainingError(DcrfError):
    """Training cannot continue."""


class ProcessError(TrainingError):
    """Another process of the same run has ended, does not answer, or has other parameters."""


class OutputShapeError(TrainingError):
    """The output of a mapping has a shape that its consumer does not accept.

    mapping: the module.
    """

    def __init__(self, mapping: object, message: str) -> None:
        self.mapping = mapping
        super().__init__(message)


class DivergedError(TrainingError):
    """A loss, gradient, parameter, feature or assignment is NaN or infinite."""

    def __init__(self, message: str) -> None:
        super().__init__(f"training has diverged: {message}")


_OUT_OF_MEMORY = re.compile(
    "OutOfMemoryError|out of memory|can(?:'|no)t allocate memory|_ALLOC_FAILED|bad[_ ]alloc",
    re.IGNORECASE,
)
"""Messages of torch and C++ about exhausted memory, on the CPU and the GPU."""


def status_of(error: BaseException) -> str:
    """Return the status of a failed run: `diverged`, `out of memory` or `failed`.

    It depends on the types of the error and its causes. Messages can contain names that the user
    chose.
    """
    errors = list(causes(error, contexts=True))
    if any(isinstance(cause, DivergedError) for cause in errors):
        return "diverged"
    return "out of memory" if any(map(_is_out_of_memory, errors)) else "failed"


def causes(error: BaseException | None, *, contexts: bool = False) -> Iterator[BaseException]:
    """Yield an error and its chain of causes.

    Args:
        error: the last error of the chain.
        contexts: whether to follow implicit causes, the errors that were being handled.
    """
    while error is not None:
        yield error
        context = error.__context__ if contexts and not error.__suppress_context__ else None
        error = error.__cause__ or context


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError):  # torch has no type of its own for most of them
        return bool(_OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}"))
    return isinstance(error, MemoryError)


def cause_of(error: BaseException) -> str:
    """Return the message of an error, with the type of an error that is not from dcrf."""
    if isinstance(error, DcrfError):
        return str(error)
    message = str(error).split("\nException raised from ")[0]  # torch's call stack follows
    return f"{type(error).__name__}: {message}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if the message is empty."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def is_expected(error: BaseException | None) -> bool:
    """Whether dcrf raised an error and all of its causes, so that no traceback is needed."""
    errors = list(causes(error))
    return bool(errors) and all(isinstance(cause, DcrfError) for cause in errors)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, whose plural ends with s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def indented(text: str) -> str:
    """Indent all lines after the first, so that they read as its continuation."""
    return text.replace("\n", "\n    ")


def describe(source: Path | str, problem: Problem) -> str:
    """Return `file:line:column: path: found` and, in a second line, the remedy.

    Editors turn the beginning into a link.
    """
    file = problem.file or str(source)
    place = f"{file}:{problem.line}:{problem.column}" if problem.line else file
    remedy = f"\n{problem.remedy}" if problem.remedy else ""
    return indented(f"{place}: {problem.path}: {problem.found}{remedy}")
