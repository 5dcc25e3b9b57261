"""Records of a run: notes, losses, evaluations, ends of phases, and how it ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dcrf.errors import Problem


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for people."""

    text: str


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase on a data set that a run will train.

    iterations, epochs: the numbers at which it ends, None without such a criterion.
    may_end_earlier: whether it has other exit criteria as well.
    """

    dataset: str
    phase: str
    iterations: int | None
    epochs: int | None = None
    may_end_earlier: bool = False


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run starts or resumes. `phases` are all of its phases in order, also those that ended."""

    phases: Sequence[PlannedPhase]


@dataclass(frozen=True, slots=True)
class PhaseStart:
    """A phase starts. `iterations` is its largest number of iterations, None if unknown."""

    dataset: str
    phase: str
    iterations: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """An iteration has ended. Only writers that show losses call `losses`, which costs time."""

    iteration: int
    losses: Callable[[], Mapping[str, float]]
    epoch: int = 1


@dataclass(frozen=True, slots=True)
class LossRecord:
    """Unweighted losses, each the mean over the iterations since its last record."""

    dataset: str
    phase: str
    iteration: int
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """The values of the scheduled numbers of a phase in an iteration, by their places."""

    dataset: str
    phase: str
    iteration: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """An evaluation after an iteration, in the fields of `Evaluation`.

    phase and iteration are None for the final evaluation of a data set.
    """

    dataset: str
    phase: str | None
    iteration: int | None
    evaluation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """An evaluation on the validation data set of a phase, in the fields of `Evaluation`.

    dataset: the validation data set.
    phase, iteration: of the phase that trains on another data set.
    """

    dataset: str
    phase: str
    iteration: int
    evaluation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetsRecord:
    """Sets of objects of a data set with their partitions, for pictures.

    iteration: of the phase, None at its end.
    sets: at least one, each a `dcrf.pictures.partitioned_set.PartitionedSet`.
    """

    dataset: str
    phase: str
    iteration: int | None
    sets: Sequence[Any]


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """A phase has ended, in this iteration and epoch (both counted from 1).

    warnings: sentences about collapse that held in the phase's last evaluation.
    loss: mean over its last complete epoch, or over the epoch whose parameters it keeps, of the
        weighted sum that its optimizers minimize; None if they minimize nothing.
    """

    dataset: str
    phase: str
    iteration: int
    epoch: int
    reason: str
    warnings: tuple[str, ...] = ()
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class ReclusteringRecord:
    """A clustering of features after a phase, evaluated beside the method's own assignment."""

    dataset: str
    phase: str
    name: str
    evaluation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A data set is finished. `evaluation` is the final one, or None for the reason in `absent`.

    warnings: sentences about collapse in the final evaluation.
    provenance: how pretrained networks have computed the samples; empty if none has.
    """

    dataset: str
    evaluation: Mapping[str, Any] | None
    absent: str | None = None
    warnings: tuple[str, ...] = ()
    reclusterings: tuple[ReclusteringRecord, ...] = ()
    provenance: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "DatasetRecord":
        """Return the record whose fields `dataclasses.asdict` has made plain."""
        others = tuple(ReclusteringRecord(**r) for r in values.get("reclusterings", ()))
        provenance = tuple(values.get("provenance", ()))
        return cls(**{**values, "reclusterings": others, "provenance": provenance})


AS_ASKED = frozenset({"ok", "partial"})
"""Statuses of runs that have done all that they were asked to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a method ended.

    source: the method file.
    seed: None if the file is `invalid`.
    status: `ok`; `partial` if it has stopped before a phase, as asked; `failed`, `diverged` or
        `out of memory`; `crashed` if its process died; `timed out`; `invalid`; `interrupted`;
        `not run`.
    label_informed: whether labels influenced the result, which is then not unsupervised.
    datasets: the finished data sets, also of a run that failed on a later one.
    seconds: wall time of the run.
    error: why the status is not `ok`.
    warnings: settings of the file that are valid but probably unintended.
    overrides: command-line flags that changed the file's values, such as `--set seed=3`.
    folder: of the run; None without one.
    """

    source: str
    method: str
    seed: int | None
    status: str
    label_informed: bool = False
    datasets: tuple[DatasetRecord, ...] = ()
    phases: tuple[PhaseRecord, ...] = ()
    seconds: float | None = None
    error: str | None = None
    warnings: tuple[Problem, ...] = ()
    overrides: tuple[str, ...] = ()
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run has ended; no record follows. `status` is that of its `Outcome`."""

    status: str


Record = (
    Note
    | RunPlan
    | PhaseStart
    | Progress
    | LossRecord
    | ScheduleRecord
    | EvaluationRecord
    | ValidationRecord
    | ReclusteringRecord
    | SetsRecord
    | PhaseRecord
    | RunEnded
)
