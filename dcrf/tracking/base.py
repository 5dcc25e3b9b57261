"""Base class of trackers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """The run that a tracker shows.

    folder: of the run, `<output folder>/<method>/<time>-<seed>`.
    configuration: of the method, with every default.
    """

    method: str
    seed: int
    folder: Path
    configuration: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name under which trackers show the run."""
        return f"{self.method} {self.folder.name}"


class Tracker:
    """Passes the numbers of a run to a program that shows them.

    It works offline unless the environment names a server, by the variables of the program. Its
    module, its package and the extra of dcrf that installs it have the same name. Any method may
    raise; the run continues without the tracker.
    """

    def __init__(self, run: TrackedRun) -> None:
        """Start to show a run, or continue with one that is resumed."""
        raise NotImplementedError

    def log(self, group: str, step: int, values: Mapping[str, float]) -> None:
        """Pass numbers of one moment.

        Args:
            group: the curves that share the counter `step`, such as `usps/pretraining`.
            step: the iteration of the phase, from 1. A resumed run repeats iterations.
            values: name -> finite number.
        """
        raise NotImplementedError

    def close(self, status: str, scores: Mapping[str, float]) -> None:
        """Pass the end of the run.

        Args:
            status: as in `Outcome`, such as `ok` or `failed`.
            scores: `<data set>/<metric>` -> its final value.
        """
        raise NotImplementedError
