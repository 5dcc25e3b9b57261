"""Partitions of clustering problems for pictures, while a phase trains and at its end."""

from dataclasses import dataclass

from torch import Tensor

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import DatasetPass, Place
from dcrf.evaluation.metric_set import NamedMetrics
from dcrf.evaluation.metrics.base import Labels
from dcrf.reporting.records import SetsRecord
from dcrf.reporting.writers import Writer
from dcrf.training.partition_sets import partition_sets
from dcrf.training.phase import Hook, PhaseState


@dataclass(frozen=True, slots=True)
class ShowProblems(Hook):
    """Partitions some problems of a data set, and writes them as a record.

    interval: iterations between two records; None for the end of the phase only.
    indices: (m,) int64, numbers of the problems.
    partitions: (m, n), their known partitions.
    metrics: against labels.
    data_pass: over the data set.
    place: names of the data set and of the phase.
    """

    interval: int | None
    indices: Tensor
    partitions: Labels
    assignment: SetAssignment
    metrics: NamedMetrics
    data_pass: DatasetPass
    writer: Writer
    place: Place

    def after_iteration(self, state: PhaseState) -> None:
        """Write the problems if they are due."""
        if self.interval is not None and state.clock.due(self.interval):
            self._write(state.clock.iteration)

    def after_phase(self, state: PhaseState) -> None:
        """Write the problems with the parameters that the phase ends with."""
        self._write(None)

    def _write(self, iteration: int | None) -> None:
        sets = partition_sets(
            self.assignment, self.data_pass, self.indices, self.partitions, self.metrics
        )
        self.writer.write(SetsRecord(*self.place, iteration, sets))
