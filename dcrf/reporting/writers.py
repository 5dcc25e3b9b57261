"""Write a run's records to the terminal, a log file and JSON lines."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol, TextIO

from dcrf.errors import indented
from dcrf.reporting.lines import line
from dcrf.reporting.progress import NO_RUN, Clock, EarlierRun, RunProgress
from dcrf.reporting.records import (
    EvaluationRecord,
    LossRecord,
    Note,
    PhaseRecord,
    PhaseStart,
    Progress,
    ReclusteringRecord,
    Record,
    ScheduleRecord,
    ValidationRecord,
)
from dcrf.reporting.status_line import cut, progress_line, status_line, width
from dcrf.safety.terminal_text import plain

_REDRAW, _SEND, _SILENCE = 0.1, 0.5, 30.0
"""Seconds between two drawings of a status line, between two messages, and until a line is due."""
STATUS_MARK = "\x1e"
"""Begins a line that is the status of a run as JSON. No other line can contain it."""
_IN_STATUS = PhaseStart | LossRecord | ScheduleRecord
"""Records without a line of their own if the status of the run is shown."""


class Writer(Protocol):
    """Writes records of a run; ignores those of kinds that it does not show."""

    def write(self, record: Record) -> None:
        """Write one record."""

    def close(self) -> None:
        """Close open files."""


class Writers:
    """Passes records to several writers."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        self.writers = tuple(writers)

    def write(self, record: Record) -> None:
        """Write one record to every writer."""
        for writer in self.writers:
            writer.write(record)

    def close(self) -> None:
        """Close all writers; a write error was raised when it occurred."""
        for writer in self.writers:
            with suppress(OSError):
                writer.close()


NO_WRITER = Writers(())


@contextmanager
def unless_gone(stream: TextIO) -> Iterator[None]:
    """Redirect a stream that fails to /dev/null, so that training continues."""
    try:
        yield
        stream.flush()
    except OSError:  # closed pipe, closed terminal or full disk
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a file descriptor, not a path
            os.dup2(nowhere.fileno(), stream.fileno())


class Lines:
    """Writes plain lines to a stream, which may be closed meanwhile.

    Args:
        stream: a text stream; None if Python has no standard output.
        timestamps: whether each line starts with the local time.
        prefix: comes next in each line.
    """

    def __init__(self, stream: TextIO | None, *, timestamps: bool, prefix: str = "") -> None:
        self.stream, self.timestamps, self.prefix = stream, timestamps, prefix

    def write(self, record: Record) -> None:
        """Write the record's line, if it has one."""
        if self.stream is not None:
            with unless_gone(self.stream):
                self._put(self.stream, record)

    def close(self) -> None:
        """Leave the stream open: it belongs to the caller."""

    def _put(self, stream: TextIO, record: Record) -> None:
        """Write the record's text; lines after the first are indented."""
        text = line(record)
        if text is None:
            return
        time = f"{datetime.now():%Y-%m-%d %H:%M:%S}  " if self.timestamps else ""
        parts = plain(indented(text.rstrip("\n"))).split("\n")
        stream.writelines(f"{time}{self.prefix}{part}\n" for part in parts)


def say(text: str, *, is_error: bool = False) -> None:
    """Print lines to standard output or standard error, if that is open."""
    lines = Lines(sys.stderr if is_error else sys.stdout, timestamps=False)
    for part in text.split("\n"):
        lines.write(Note(part))


def say_json(content: Any) -> None:
    """Print an object to standard output as indented JSON in ASCII, without shortening lines."""
    say_whole(json.dumps(content, indent=2))


def say_whole(text: str) -> None:
    """Print text to standard output without shortening lines; the caller has escaped names."""
    with unless_gone(sys.stdout):
        sys.stdout.write(f"{text}\n")


def escape_unencodable(*streams: TextIO | None) -> None:
    """Let text streams write escapes in place of characters that their encoding lacks."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class LogFile(Lines):
    """Appends plain lines to a file.

    Raises:
        OSError: the file cannot be written. A log must be complete, unlike standard output.
    """

    def __init__(self, path: Path, *, timestamps: bool, prefix: str = "") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("a", encoding="utf-8")
        super().__init__(self.file, timestamps=timestamps, prefix=prefix)

    def write(self, record: Record) -> None:
        """Write the record's line, if it has one."""
        self._put(self.file, record)
        self.file.flush()

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class LinesWithProgress(Lines):
    """Plain lines, and the progress of a run that has written nothing for 30 seconds.

    Args:
        stream: a text stream; None if Python has no standard output.
        clock: returns seconds.
        earlier: a finished run of the method.
    """

    def __init__(
        self, stream: TextIO | None, clock: Clock = time.monotonic, earlier: EarlierRun = NO_RUN
    ) -> None:
        super().__init__(stream, timestamps=False)
        self.progress = RunProgress(clock, earlier)
        self.last_line = clock()

    def write(self, record: Record) -> None:
        """Write the record's line, or the line of progress if one is due."""
        self.progress.take(record)
        if isinstance(record, Progress):
            if self.progress.now - self.last_line < _SILENCE:
                return
            record = Note(progress_line(self.progress.status(record.losses())))
        if line(record) is not None:
            self.last_line = self.progress.clock()
            super().write(record)


class StatusSender(Lines):
    """Writes for a process that shows several runs: lines, and statuses as `STATUS_MARK` and JSON.

    Args:
        stream: read by the other process.
        clock: returns seconds.
        earlier: a finished run of the method.
    """

    def __init__(
        self, stream: TextIO | None, clock: Clock = time.monotonic, earlier: EarlierRun = NO_RUN
    ) -> None:
        super().__init__(stream, timestamps=False)
        self.progress = RunProgress(clock, earlier)
        self.sent = -_SEND

    def write(self, record: Record) -> None:
        """Write the record's line, or the status: when a phase starts, and twice a second."""
        self.progress.take(record)
        if isinstance(record, PhaseStart):
            self._send({})
        elif isinstance(record, Progress):
            if self.progress.now - self.sent >= _SEND:
                self._send(record.losses())
        elif not isinstance(record, _IN_STATUS):
            super().write(record)

    def _send(self, losses: Mapping[str, float]) -> None:
        self.sent = self.progress.now
        if self.stream is not None:
            with unless_gone(self.stream):
                text = json.dumps(asdict(self.progress.status(losses)))
                self.stream.write(f"{STATUS_MARK}{text}\n")


class Terminal:
    """Shows the progress of a run in the last line, with evaluations and notes above it.

    It writes no escape sequences, so it suits any terminal.

    Args:
        stream: of the terminal.
        clock: returns seconds.
        earlier: a finished run of the method.
    """

    def __init__(
        self, stream: TextIO, clock: Clock = time.monotonic, earlier: EarlierRun = NO_RUN
    ) -> None:
        self.stream, self.progress = stream, RunProgress(clock, earlier)
        self.drawn = -_REDRAW
        self.shown = ""

    def write(self, record: Record) -> None:
        """Draw the record; losses are shown in the status only."""
        self.progress.take(record)
        if not isinstance(record, Progress):
            with unless_gone(self.stream):
                self._print(record)
        elif self.progress.now - self.drawn >= _REDRAW:
            with unless_gone(self.stream):
                self._draw(record.losses())

    def close(self) -> None:
        """Remove the status."""
        with unless_gone(self.stream):
            self._show("")

    def _print(self, record: Record) -> None:
        """Print the record's line in place of the status, and the status below it."""
        if not isinstance(record, _IN_STATUS) and (text := line(record)) is not None:
            status = "" if isinstance(record, PhaseRecord) else self.shown
            self._show("")
            self.stream.write(f"{plain(indented(text))}\n")
            self._show(status)
        if isinstance(record, PhaseStart):
            self._draw({})

    def _draw(self, losses: Mapping[str, float]) -> None:
        self.drawn = self.progress.now
        status = self.progress.status(losses)
        limit = columns(self.stream) - 1  # some terminals begin a new line after the last column
        self._show(cut(encodable(status_line(status, limit), self.stream), limit))

    def _show(self, text: str) -> None:
        """Write a status over the one before."""
        rest = " " * (width(self.shown) - width(text))
        if rest:
            self.stream.write(f"\r{text}{rest}\r{text}")
        elif text:
            self.stream.write(f"\r{text}")
        self.shown = text


def encodable(text: str, stream: TextIO) -> str:
    """Return text with escapes in place of characters that a stream's encoding lacks."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def columns(stream: TextIO) -> int:
    """Return the width of a terminal; COLUMNS, or 80, if the stream is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _default_columns()
    except (OSError, ValueError):  # ValueError: no file descriptor, or a closed one
        return _default_columns()


def output_columns() -> int | None:
    """Return the width of standard output; None if it is not a terminal."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return columns(sys.stdout) if is_terminal else None


def _default_columns() -> int:
    return shutil.get_terminal_size().columns


class JsonLines:
    """Appends evaluations and losses to a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.stream = path.open("a", encoding="utf-8")

    def write(self, record: Record) -> None:
        """Append the record, if it is a loss or an evaluation."""
        if values := _plain_values(record):
            self.stream.write(json.dumps(values) + "\n")
            self.stream.flush()

    def close(self) -> None:
        """Close the file."""
        self.stream.close()

    def state_dict(self) -> dict[str, int]:
        """Return the length of the file, after flushing it to disk."""
        os.fsync(self.stream.fileno())
        return {"bytes": os.fstat(self.stream.fileno()).st_size}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Truncate the file to the length in `state_dict`'s result, or to 0 for an empty state.

        Raises:
            OSError: the file is shorter.
        """
        size, length = os.fstat(self.stream.fileno()).st_size, state.get("bytes", 0)
        if size < length:
            raise OSError(f"{self.stream.name} has lost lines: {size} of {length} bytes are left")
        self.stream.truncate(length)


class KeptRecords:
    """Keeps evaluations and losses in memory, as the values that `JsonLines` writes."""

    def __init__(self) -> None:
        self.values: list[dict[str, Any]] = []

    def write(self, record: Record) -> None:
        """Keep the record, if it is a loss or an evaluation."""
        if values := _plain_values(record):
            self.values.append(values)

    def close(self) -> None:
        """Keep the records."""


def _plain_values(record: Record) -> dict[str, Any]:
    """Return losses, schedules or an evaluation as plain values; nothing for other records."""
    kinds = {
        LossRecord: "losses",
        ScheduleRecord: "schedules",
        EvaluationRecord: "evaluation",
        ValidationRecord: "validation",
        ReclusteringRecord: "reclustering",
    }
    kind = kinds.get(type(record))
    return {} if kind is None else {"kind": kind, **asdict(record)}
