"""What happened in a run, in plain numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for people."""

    text: str


@dataclass(frozen=True, slots=True)
class PhaseStart:
    """A phase begins. `iterations`: how many it takes at most, None where that is open."""

    dataset: str
    phase: str
    iterations: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """An iteration has ended. `losses` is called only by who looks, since it may take time."""

    iteration: int
    losses: Callable[[], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class LossRecord:
    """Unweighted losses, each the mean over the iterations since its last record."""

    dataset: str
    phase: str
    iteration: int
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """An evaluation after an iteration, in the fields of `Evaluation`.

    phase is None for the final evaluation of a data set.
    """

    dataset: str
    phase: str | None
    iteration: int | None
    evaluation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """A phase has ended, in this iteration and epoch (both counted from 1).

    warnings: sentences on what had collapsed, and still was, in its last evaluation.
    """

    dataset: str
    phase: str
    iteration: int
    epoch: int
    reason: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A data set is done. `evaluation` is the final one, or None with the reason in `absent`.

    warnings: sentences on what looked collapsed in the final evaluation.
    """

    dataset: str
    evaluation: Mapping[str, Any] | None
    absent: str | None = None
    warnings: tuple[str, ...] = ()


Record = Note | PhaseStart | Progress | LossRecord | EvaluationRecord | PhaseRecord
