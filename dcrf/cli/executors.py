"""The flags of executors, and the executor that they mean."""

import argparse
from collections.abc import Iterator
from typing import Any

from dcrf.config.rules.suggestions import closest
from dcrf.errors import CommandLineError
from dcrf.executors.base import RunExecutor
from dcrf.reporting.run_view import Console
from dcrf.schema.registry import EXECUTORS

DEFAULT = "local"


def add_executor_flags(flags: argparse.ArgumentParser) -> None:
    """Add `--executor`, and the flags of each executor."""
    add = flags.add_argument
    add(
        "--executor",
        type=_executor,
        default=DEFAULT,
        metavar="NAME",
        help=f"where runs are executed: {', '.join(EXECUTORS.stems)}; default: {DEFAULT}",
    )
    for name in EXECUTORS.stems:
        for flag, keywords in _class(name).flags.items():
            add(f"--{flag}", **keywords)


def executor_words(options: argparse.Namespace) -> Iterator[str]:
    """Yield the words of a command line that mean the same executor."""
    yield from ("--executor", options.executor)
    for flag, value in _given(options, options.executor).items():
        for item in value if isinstance(value, list) else [value]:
            yield from (f"--{flag}", str(item))


def check_executor(options: argparse.Namespace) -> type[RunExecutor]:
    """Return the class of the executor, after checking that it can be used.

    Raises:
        DcrfError: it cannot, or another executor's flag is given.
    """
    for name in EXECUTORS.stems:
        for flag in _given(options, name):
            if name != options.executor:
                raise CommandLineError(f"--{flag} is for --executor {name}, not {options.executor}")
    executor = _class(options.executor)
    executor.check(**_given(options, options.executor))
    return executor


def executor_of(options: argparse.Namespace, console: Console) -> RunExecutor:
    """Return the executor that the flags mean, once `check_executor` has accepted it."""
    given = _given(options, options.executor)
    return _class(options.executor)(options.jobs, options.timeout, console, **given)


def _given(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """Return the values of an executor's own flags that are given."""
    values = {flag: vars(options)[flag] for flag in _class(name).flags}
    return {flag: value for flag, value in values.items() if value is not None}


def _class(name: str) -> type[RunExecutor]:
    executor: type[RunExecutor] = EXECUTORS.resolve(name)
    return executor


def _executor(name: str) -> str:
    if name not in EXECUTORS.stems:
        guess = closest(name, EXECUTORS.stems)
        remedy = f"did you mean {guess}?" if guess else f"known: {', '.join(EXECUTORS.stems)}"
        raise argparse.ArgumentTypeError(f"no executor is called {name!r}; {remedy}")
    return name
