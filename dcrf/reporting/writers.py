"""Where a run's records go: terminal, log file, JSON lines. Each ignores what it does not show."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO

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
    Record,
)
from dcrf.safety.terminal_text import plain


class Writer(Protocol):
    """Something that takes note of a run."""

    def write(self, record: Record) -> None:
        """Take one record."""

    def close(self) -> None:
        """Release what is held."""


class Writers:
    """Passes everything on to several writers."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        self.writers = tuple(writers)

    def write(self, record: Record) -> None:
        """Pass one record on."""
        for writer in self.writers:
            writer.write(record)

    def close(self) -> None:
        """Close them all; what cannot be written any more has been an error before."""
        for writer in self.writers:
            with suppress(OSError):
                writer.close()


@contextmanager
def _unless_gone(stream: TextIO) -> Iterator[None]:
    """Let a stream that fails lead nowhere from then on: that is no reason to stop training."""
    try:
        yield
        stream.flush()
    except OSError:  # nobody reads it any more, its terminal is gone, its disk is full
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - it is no path
            os.dup2(nowhere.fileno(), stream.fileno())


class Lines:
    """Writes plain lines to where people look, which may go away meanwhile.

    Args:
        stream: where they go; None for nowhere, as where Python has no output.
        timestamps: whether each line starts with the local time.
        prefix: what comes next in each line.
    """

    def __init__(self, stream: TextIO | None, *, timestamps: bool, prefix: str = "") -> None:
        self.stream, self.timestamps, self.prefix = stream, timestamps, prefix

    def write(self, record: Record) -> None:
        """Write the record's line, if it has one."""
        if self.stream is not None:
            with _unless_gone(self.stream):
                self._put(self.stream, record)

    def close(self) -> None:
        """Leave the stream to who opened it."""

    def _put(self, stream: TextIO, record: Record) -> None:
        """Write a line; of a text with more, the others indented."""
        text = line(record)
        if text is None:
            return
        time = f"{datetime.now():%Y-%m-%d %H:%M:%S}  " if self.timestamps else ""
        parts = plain(indented(text.rstrip("\n"))).split("\n")
        stream.writelines(f"{time}{self.prefix}{part}\n" for part in parts)


def say(text: str, *, is_error: bool = False) -> None:
    """Print lines to where output, or errors, go; if that is gone or never was, to nowhere."""
    lines = Lines(sys.stderr if is_error else sys.stdout, timestamps=False)
    for part in text.split("\n"):
        lines.write(Note(part))


class LogFile(Lines):
    """Appends plain lines to a file.

    Raises:
        OSError: it cannot be written: unlike where people look, it is there to be kept.
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
    """A progress bar per phase, with evaluations and sentences above it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar: tqdm | None = None
        self.last_scores: list[str] = []

    def write(self, record: Record) -> None:
        """Draw the record; loss records only show in the bar."""
        with _unless_gone(self.stream):
            self._draw(record)

    def close(self) -> None:
        """Take the bar away."""
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
        if not isinstance(record, PhaseStart | LossRecord) and (text := line(record)):
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
        """Append the record, if it is one of numbers."""
        if isinstance(record, LossRecord | EvaluationRecord):
            kind = "losses" if isinstance(record, LossRecord) else "evaluation"
            self.stream.write(json.dumps({"kind": kind, **asdict(record)}) + "\n")
            self.stream.flush()

    def close(self) -> None:
        """Close the file."""
        self.stream.close()

    def state_dict(self) -> dict[str, int]:
        """Return how long the file is, once all of it has reached the disk."""
        os.fsync(self.stream.fileno())
        return {"bytes": os.fstat(self.stream.fileno()).st_size}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Cut the file back to the length that `state_dict` returned, or to nothing.

        Raises:
            OSError: it is shorter.
        """
        size, wanted = os.fstat(self.stream.fileno()).st_size, state.get("bytes", 0)
        if size < wanted:
            raise OSError(f"{self.stream.name} has lost lines: {size} of {wanted} bytes are left")
        self.stream.truncate(wanted)
