"""The clusters of all samples when an epoch starts, for samplings that need them."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, DatasetPass
from dcrf.reporting.records import Note
from dcrf.reporting.writers import Writer


def _never() -> None:
    """Return None: samples cannot be assigned."""


class EpochClusters:
    """The clusters of all samples when an epoch starts, computed if they are asked for.

    They are state: a run that resumes within an epoch continues its order, although the method has
    changed since the epoch began.

    Args:
        assign: returns the present cluster (N,) of each sample, None if samples cannot be assigned.
    """

    def __init__(self, assign: Callable[[], Tensor | None] = _never) -> None:
        self.assign = assign
        self.epoch = 0
        self.clusters: Tensor | None = None

    def __call__(self, epoch: int) -> Tensor | None:
        """Return the clusters (N,) of an epoch. The first call for an epoch assigns the samples."""
        if epoch != self.epoch:
            self.epoch, self.clusters = epoch, self.assign()
        return self.clusters

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch and its clusters."""
        return {"epoch": self.epoch, "clusters": self.clusters}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        clusters = state["clusters"]
        self.epoch, self.clusters = state["epoch"], None if clusters is None else clusters.cpu()


class AssignAll:
    """Assigns all samples as the method is now. If it cannot, it writes the reason once.

    Args:
        assignment: of the method.
        data_pass: over the whole data set.
        writer: takes the reason.
        phase: the name of the phase.
    """

    def __init__(
        self, assignment: Assignment, data_pass: DatasetPass, writer: Writer, phase: str
    ) -> None:
        self.assignment, self.data_pass = assignment, data_pass
        self.writer, self.phase = writer, phase
        self._has_explained = False

    def __call__(self) -> Tensor | None:
        """Return (N,) int64 on the CPU, -1 for noise; None if samples cannot be assigned yet."""
        if reason := self.assignment.why_not_ready():
            self._explain(reason)
            return None
        return self.data_pass(self._clusters).cpu()

    def _clusters(self, batch: Batch) -> Tensor:
        return self.assignment.clusters(batch.samples)

    def _explain(self, reason: str) -> None:
        if not self._has_explained:
            text = f"{self.phase}  the sampling does not know the clusters yet: {reason}"
            self.writer.write(Note(text))
        self._has_explained = True
