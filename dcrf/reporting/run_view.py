"""The progress of several runs at once: one line for each, redrawn in place."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from typing import Protocol, TextIO

from dcrf.reporting.progress import Status
from dcrf.reporting.status_line import cut, cut_start, status_line, width
from dcrf.reporting.writers import STATUS_MARK, columns, encodable, say, unless_gone

_ROWS_BESIDE = 2
"""Rows of the terminal that are left free: for the cursor, and for the line above."""


class Console(Protocol):
    """The output of several runs at once."""

    def say(self, text: str) -> None:
        """Print a line that stays."""

    def receive(self, run: str, text: str) -> None:
        """Print a line that a run has written, or show the status that it has sent."""

    def remove(self, run: str) -> None:
        """Show a run no longer."""

    def clear(self) -> None:
        """Remove all that does not stay, until there is something new."""


class PlainConsole:
    """Prints all lines, each with the name of its run."""

    def say(self, text: str) -> None:
        """Print a line."""
        say(text)

    def receive(self, run: str, text: str) -> None:
        """Print a line of a run."""
        say(f"{run}: {text}")

    def remove(self, run: str) -> None:
        """Do nothing: no status is shown."""

    def clear(self) -> None:
        """Do nothing: all lines stay."""


class RunView:
    """Shows a line for each running run below the lines that stay.

    Several threads may use it.

    Args:
        stream: of a terminal that knows escape sequences.
        say: prints a line that stays, to any stream.
    """

    def __init__(self, stream: TextIO, say: Callable[[str], None] = say) -> None:
        self.stream, self._say = stream, say
        self.statuses: dict[str, Status] = {}
        self.drawn_rows = 0
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Print a line above the view."""
        with self._lock:
            self._erase()
            self._say(text)
            self._draw()

    def receive(self, run: str, text: str) -> None:
        """Print a line of a run above the view, or update its status."""
        status = _status_of(text)
        if status is None:
            self.say(f"{run}: {text}")
            return
        with self._lock:
            self.statuses[run] = status
            self._erase()
            self._draw()

    def remove(self, run: str) -> None:
        """Remove the line of a run."""
        with self._lock:
            self.statuses.pop(run, None)
            self._erase()
            self._draw()

    def clear(self) -> None:
        """Remove the view until there is something new."""
        with self._lock:
            self._erase()

    def _erase(self) -> None:
        """Move the cursor to the first row of the view, and erase all from there."""
        if self.drawn_rows:
            with unless_gone(self.stream):
                self.stream.write(f"\x1b[{self.drawn_rows}A\r\x1b[J")
            self.drawn_rows = 0

    def _draw(self) -> None:
        lines = self._lines()
        with unless_gone(self.stream):
            self.stream.writelines(f"{line}\n" for line in lines)
        self.drawn_rows = len(lines)

    def _lines(self) -> list[str]:
        """Return a line for each run, or as many as the terminal has room for."""
        room = max(_rows(self.stream) - _ROWS_BESIDE, 1)
        n_columns = columns(self.stream) - 1
        names = {run: cut_start(run, max(n_columns // 3, 1)) for run in self.statuses}
        longest = max(map(width, names.values()), default=0)
        lines = []
        for run, status in self.statuses.items():
            name = names[run] + " " * (longest - width(names[run]))
            line = encodable(status_line(status, n_columns, name), self.stream)
            lines.append(cut(line, n_columns))
        if len(lines) <= room:
            return lines
        hidden = len(lines) - room + 1
        return [*lines[: room - 1], f"and {hidden} more"]


def console_for(stream: TextIO) -> Console:
    """Return a view for a terminal that knows escape sequences, else a console of plain lines."""
    knows_escapes = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return RunView(stream) if knows_escapes else PlainConsole()


def _rows(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).lines or shutil.get_terminal_size().lines
    except (OSError, ValueError):  # ValueError: no file descriptor, or a closed one
        return shutil.get_terminal_size().lines


def _status_of(text: str) -> Status | None:
    """Return the status in a line, None for any other line."""
    if not text.startswith(STATUS_MARK):
        return None
    try:
        return Status(**json.loads(text.removeprefix(STATUS_MARK)))
    except (ValueError, TypeError):  # a library has printed it
        return None
