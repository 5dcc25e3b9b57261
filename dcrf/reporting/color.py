"""Color for the statuses in the summary, where a glance must find a failure."""

import os
from typing import TextIO

from dcrf.reporting.records import AS_ASKED
from dcrf.safety.terminal_text import plain

_GREEN, _YELLOW, _RED, _END = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
_STOPPED = frozenset({"interrupted", "not run"})


def has_color(stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows color, and NO_COLOR is unset or empty."""
    knows_escapes = os.environ.get("TERM", "dumb") != "dumb"
    return stream.isatty() and knows_escapes and not os.environ.get("NO_COLOR")


def with_colors(summary: str) -> str:
    """Return a summary whose statuses are green, yellow for stopped runs, red for failed ones.

    Control characters in it are escaped.

    Args:
        summary: of `dcrf.reporting.summary`; its first table has the statuses.
    """
    first, gap, rest = plain(summary).partition("\n\n")
    header, line, *rows = first.split("\n")
    start = header.index("status")
    end = start + _length(line, start)
    names_apart = header.startswith(" ")  # then lines of names begin without a space
    rows = [
        row if names_apart and not row.startswith(" ") else _colored(row, start, end)
        for row in rows
    ]
    return "\n".join([header, line, *rows]) + gap + rest


def _length(line: str, start: int) -> int:
    """Return the width of the column that starts here, from the line below the header."""
    return len(line[start:].partition(" ")[0])


def _colored(row: str, start: int, end: int) -> str:
    cell = row[start:end]
    status = cell.rstrip(" !")
    if not status or row[start - 1] != " ":
        return row
    color = _GREEN if status in AS_ASKED else _YELLOW if status in _STOPPED else _RED
    return f"{row[:start]}{color}{status}{_END}{cell[len(status) :]}{row[end:]}"
