"""Write a run's records to the terminal, a log file and JSON lines."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol, TextIO

from tqdm import tqdm

from dcrf.errors import indented
from dcrf.reporting.lines import line, scores
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
from dcrf.safety.terminal_text import plain


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
def _unless_gone(stream: TextIO) -> Iterator[None]:
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
            with _unless_gone(self.stream):
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
    with _unless_gone(sys.stdout):
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


class Terminal:
    """Shows a progress bar per phase, with evaluations and notes above it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar: tqdm | None = None
        self.last_scores: list[str] = []

    def write(self, record: Record) -> None:
        """Draw the record; losses are shown in the bar only."""
        with _unless_gone(self.stream):
            self._draw(record)

    def close(self) -> None:
        """Remove the bar."""
        with _unless_gone(self.stream):
            self._close_bar()

    def _draw(self, record: Record) -> None:
        match record:
            case PhaseStart():
                self._open_bar(record)
            case Progress():
                self._move_bar(record)
            case EvaluationRecord():
                self.last_scores = scores(record.evaluation)
            case PhaseRecord():
                self._close_bar()
        is_hidden = isinstance(record, PhaseStart | LossRecord | ScheduleRecord)
        if not is_hidden and (text := line(record)):
            tqdm.write(plain(indented(text)), file=self.stream)

    def _close_bar(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _open_bar(self, record: PhaseStart) -> None:
        self.last_scores = []
        self.bar = tqdm(
            desc=f"{record.phase} on {record.dataset}",
            total=record.iterations,
            unit="it",
            file=self.stream,
            dynamic_ncols=True,
            leave=False,
        )

    def _move_bar(self, record: Progress) -> None:
        if self.bar is not None and self.bar.update(record.iteration - self.bar.n):
            losses = [f"{name} {value:.4g}" for name, value in record.losses().items()]
            self.bar.set_postfix_str("  ".join([*self.last_scores[:1], *losses]), refresh=False)


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
