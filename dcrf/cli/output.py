"""Prepare the output of a command."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dcrf.reporting.writers import escape_unencodable, say


def open_output() -> None:
    """Make printing safe if output is closed, or its encoding lacks a character."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - it stays open to the end
    if sys.stderr is None:
        sys.stderr = sys.stdout
    escape_unencodable(sys.stdout, sys.stderr)


def announce(action: str, names: Sequence[object]) -> None:
    """Say at a terminal what a command is doing, before it imports torch, which takes seconds.

    Args:
        action: such as loading.
        names: of files or methods, at least one.
    """
    if sys.stderr.isatty():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        say(f"{action} {names[0]}{more} ...", is_error=True)


def command() -> str:
    """Return how the command `dcrf` was called: by its name, or as a module of Python."""
    name = Path(sys.argv[0]).name
    return name if name == "dcrf" else f"{Path(sys.executable).name} -m dcrf"
