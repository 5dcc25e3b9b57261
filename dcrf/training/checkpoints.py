"""When checkpoints are written, what is in them, and how a run goes on from one."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from dcrf.errors import DataError, cause_of
from dcrf.reporting.records import Note
from dcrf.reporting.writers import Writer
from dcrf.storage.checkpoint_files import Checkpoint, read_newest, write
from dcrf.training.interruption import Stop

SECONDS = 60.0
"""Between checkpoints, where no number of iterations is asked for."""


class Stateful(Protocol):
    """Something whose state can be taken and put back."""

    def state_dict(self) -> Mapping[str, Any]:
        """Return the state: tensors and plain values."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], /) -> Any:
        """Go on from a state of `state_dict`."""
        ...


Things = Mapping[str, Stateful]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands. A phase has begun if it has a state.

    dataset, phase: from 0.
    words: the same for people.
    """

    dataset: int
    phase: int
    words: str


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: where they lie.
        writer: is told what goes wrong.
        stop: says whether the run is to stop, which takes a checkpoint.
        files: what writes the files of the run, by name.
        about: plain values that say of which run a checkpoint is.
        interval: iterations between checkpoints; None for one every `SECONDS`.

    start: the state to go on from; None at the beginning.
    last: folder of the last checkpoint that was written or gone on from, and its place in words.
    """

    def __init__(
        self,
        folder: Path,
        writer: Writer,
        stop: Stop,
        files: Things,
        about: Mapping[str, Any],
        interval: int | None = None,
    ) -> None:
        self.folder, self.writer, self.stop = folder, writer, stop
        self.files, self.about, self.interval = dict(files), dict(about), interval
        self.start: Mapping[str, Any] | None = None
        self.last: tuple[Path, str] | None = None
        self._last = time.monotonic()

    def find_start(self, device: str) -> Checkpoint | None:
        """Return the newest checkpoint that is whole, None where there has been none.

        Args:
            device: where its tensors go.

        Raises:
            DataError: there are checkpoints, and none can be read.
        """
        found, reasons = read_newest(self.folder, device)
        for reason in reasons:
            self.writer.write(Note(reason))
        if found is None and reasons:
            raise DataError(f"{reasons[0]}; begin a new run without --resume")
        return found

    def start_from(self, found: Checkpoint | None) -> None:
        """Let the run start there, or at its beginning; what is later in its files is cut off.

        Raises:
            OSError: a file has lost what was in it.
            DataError: it is none of a run.
        """
        self.start = found.state if found else None
        try:
            self.last = (found.folder, found.state["place"]["words"]) if found else None
            for name, thing in self.files.items():
                thing.load_state_dict(self.start[name] if self.start else {})
        except (LookupError, TypeError, AttributeError) as error:
            raise DataError(f"the checkpoint is none of a run: {cause_of(error)}") from error

    def due(self, iteration: int) -> bool:
        """Whether a checkpoint is due after this iteration."""
        if self.stop.is_wanted:
            return True
        if self.interval is not None:
            return iteration > 0 and iteration % self.interval == 0
        return time.monotonic() - self._last >= SECONDS

    def keep(self, place: Place, things: Things) -> None:
        """Write a checkpoint; that this fails is no reason to stop training."""
        try:
            everything = {**self.files, **things}
            states = {name: thing.state_dict() for name, thing in everything.items()}
            folder = write(self.folder, {"place": asdict(place), **states}, self.about)
            self.last = folder, place.words
        except OSError as error:
            with suppress(OSError):  # on a full disk there may be no room for a line either
                self.writer.write(Note(f"no checkpoint could be written: {error}"))
        self._last = time.monotonic()
