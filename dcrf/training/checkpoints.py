"""When a run writes checkpoints, and their content."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from dcrf.errors import DataError, cause_of
from dcrf.parallel.world import agreed
from dcrf.reporting.records import Note
from dcrf.reporting.writers import Writer
from dcrf.storage.checkpoint_files import Checkpoint, read_newest, write
from dcrf.storage.checkpoint_folders import POSITION
from dcrf.training.interruption import Interrupted, StopRequest
from dcrf.training.start import FRESH, ResumedStart, Start

SECONDS = 60.0
"""Between checkpoints, unless a number of iterations is set."""


class Stateful(Protocol):
    """An object whose state a checkpoint can hold."""

    def state_dict(self) -> Mapping[str, Any]:
        """Return the state: tensors and plain values."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], /) -> Any:
        """Restore `state_dict`'s result."""
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a run: before a phase, or within it if the checkpoint holds a phase.

    dataset, phase: numbers from 0.
    description: the same in words.
    """

    dataset: int
    phase: int
    description: str


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: holds all of them.
        writer: takes notes about failures.
        stop: a request to stop, which takes a checkpoint first.
        files: the objects that write the run's files, by name.
        description: plain values that identify the run.
        interval: iterations between checkpoints; None for one every `SECONDS`.
        keeps_ends: whether a phase gets a checkpoint after its last iteration, too, from which it
            can continue with other exit criteria.

    last: the folder of the checkpoint last written or read, and its position in words.
    """

    def __init__(
        self,
        folder: Path,
        writer: Writer,
        stop: StopRequest,
        files: Mapping[str, Stateful],
        description: Mapping[str, Any],
        interval: int | None = None,
        *,
        keeps_ends: bool = False,
    ) -> None:
        self.folder, self.writer, self.stop = folder, writer, stop
        self.files, self.description, self.interval = dict(files), dict(description), interval
        self.keeps_ends = keeps_ends
        self.last: tuple[Path, str] | None = None
        self._time_of_last = time.monotonic()

    def read_newest(self, device: str) -> Checkpoint | None:
        """Return the newest intact checkpoint, None if the run has not written any.

        Args:
            device: a torch device name, for the tensors.

        Raises:
            DataError: none of the checkpoints can be read.
        """
        checkpoint, reasons = read_newest(self.folder, device)
        for reason in reasons:
            self.writer.write(Note(reason))
        if checkpoint is None and reasons:
            raise DataError(f"{reasons[0]}; begin a new run without --resume")
        return checkpoint

    def start_from(self, checkpoint: Checkpoint | None) -> Start:
        """Return the start of the run, and truncate the run's files to that position.

        Args:
            checkpoint: to resume from; None for a fresh start.

        Raises:
            OSError: a file has lost content that it had.
            DataError: it is not a checkpoint of a run.
        """
        if checkpoint is None:
            self._truncate_files({name: {} for name in self.files})
            return FRESH
        try:
            start = ResumedStart(checkpoint.state, self.writer)
            self.last = checkpoint.folder, checkpoint.state["position"]["description"]
            self._truncate_files(checkpoint.state)
        except (LookupError, TypeError, AttributeError) as error:
            raise DataError(f"not a checkpoint of a run: {cause_of(error)}") from error
        return start

    def _truncate_files(self, state: Mapping[str, Any]) -> None:
        for name, file in self.files.items():
            file.load_state_dict(state[name])

    def is_due(self, iteration: int) -> bool:
        """Whether to write a checkpoint after this iteration, 0 for before the first."""
        if self.stop.is_requested:
            return True
        if self.interval is not None:
            return iteration > 0 and iteration % self.interval == 0
        return time.monotonic() - self._time_of_last >= SECONDS

    def write(self, position: Position, states: Mapping[str, Stateful]) -> None:
        """Write a checkpoint, then stop if that is requested. A full disk does not stop the run.

        Raises:
            KeyboardInterrupt: a stop is requested.
        """
        try:
            content = {n: s.state_dict() for n, s in {**self.files, **states}.items()}
            content["position"] = asdict(position)
            description = {**self.description, POSITION: [position.dataset, position.phase]}
            folder = write(self.folder, content, description)
            self.last = folder, position.description
        except OSError as error:
            with suppress(OSError):  # the log may be on the same full disk
                self.writer.write(Note(f"no checkpoint could be written: {error}"))
        self._time_of_last = time.monotonic()
        self.stop.raise_if_requested()


class NoCheckpoints:
    """Stands in for `Checkpoints` in a run that writes none."""

    keeps_ends = False

    def is_due(self, iteration: int) -> bool:
        """Return False."""
        return False

    def write(self, position: Position, states: Mapping[str, Stateful]) -> None:
        """Write nothing."""


class AgreedCheckpoints:
    """The checkpoints of a run of several processes: the first one decides and writes.

    Args:
        own: of the first process; in the others they are never due.
    """

    def __init__(self, own: Checkpoints | NoCheckpoints) -> None:
        self.own = own

    @property
    def keeps_ends(self) -> bool:
        """Whether a phase gets a checkpoint after its last iteration in the first process."""
        return agreed(self.own.keeps_ends)

    def is_due(self, iteration: int) -> bool:
        """Return whether the first process writes a checkpoint after this iteration."""
        return agreed(self.own.is_due(iteration))

    def write(self, position: Position, states: Mapping[str, Stateful]) -> None:
        """Write a checkpoint in the first process, then stop in all if that is requested there.

        Raises:
            KeyboardInterrupt: a stop is requested.
        """
        signal = None
        try:
            self.own.write(position, states)
        except Interrupted as interruption:
            signal = interruption.number
        if (number := agreed(signal)) is not None:
            raise Interrupted(number)
