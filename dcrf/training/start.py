"""The two starts of a run: fresh, or resumed from a checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dcrf.batch import DatasetPass
from dcrf.errors import DataError, cause_of
from dcrf.randomness import GlobalGenerators, RandomStreams
from dcrf.reporting.records import Note
from dcrf.reporting.writers import Writer
from dcrf.training.history import RunHistory
from dcrf.training.phase import Phase
from dcrf.training.plans import DatasetPlan, PhasePlan
from dcrf.training.session import DatasetSession


class Start(Protocol):
    """The first data set and phase of a run, both from 0, and the state to restore there."""

    @property
    def dataset(self) -> int:
        """The number of the first data set."""
        ...

    @property
    def phase(self) -> int:
        """The number of its first phase; the number of its phases if only its end is left."""
        ...

    def restore_history(self, history: RunHistory, plans: Sequence[DatasetPlan]) -> None:
        """Restore the results so far.

        Raises:
            DataError: the state is not one of these plans.
        """
        ...

    def restore_session(self, session: DatasetSession, streams: RandomStreams) -> None:
        """Restore the method of an opened data set, and its random generators.

        Raises:
            DataError: the data have changed.
        """
        ...

    def prepare_phase(self, plan: PhasePlan, session: DatasetSession, passes: DatasetPass) -> None:
        """Prepare the method for its first phase, before that is built."""
        ...

    def restore_phase(self, phase: Phase, session: DatasetSession, streams: RandomStreams) -> None:
        """Restore the state of the first phase, after that is built."""
        ...


@dataclass(frozen=True, slots=True)
class FreshStart:
    """Start at the beginning, without any state."""

    dataset: int = 0
    phase: int = 0

    def restore_history(self, history: RunHistory, plans: Sequence[DatasetPlan]) -> None:
        """Leave the history empty."""

    def restore_session(self, session: DatasetSession, streams: RandomStreams) -> None:
        """Leave the new method as it is."""

    def prepare_phase(self, plan: PhasePlan, session: DatasetSession, passes: DatasetPass) -> None:
        """Load parameters and initialize parts as planned."""
        plan.prepare(session.method, passes)

    def restore_phase(self, phase: Phase, session: DatasetSession, streams: RandomStreams) -> None:
        """Leave the new phase as it is."""


FRESH = FreshStart()


class ResumedStart:
    """Start at the position of a checkpoint, which lies before a phase or within one.

    Args:
        state: of the checkpoint.
        writer: takes the note that a phase resumes.
    """

    def __init__(self, state: Mapping[str, Any], writer: Writer) -> None:
        self.state, self.writer = state, writer
        self.dataset: int = state["position"]["dataset"]
        self.phase: int = state["position"]["phase"]

    def restore_history(self, history: RunHistory, plans: Sequence[DatasetPlan]) -> None:
        """Restore the results until the checkpoint.

        Raises:
            DataError: the checkpoint is not one of these plans.
        """
        try:
            history.load_state_dict(self.state["history"])
            is_dataset = self.dataset in range(len(plans))
            if not is_dataset or self.phase not in range(len(plans[self.dataset].phases) + 1):
                raise IndexError(f"no phase {self.phase} on data set {self.dataset}")
        except (LookupError, TypeError, AttributeError) as error:
            raise DataError(f"not a checkpoint of this method: {cause_of(error)}") from error

    def restore_session(self, session: DatasetSession, streams: RandomStreams) -> None:
        """Restore the method and its random generators.

        Raises:
            DataError: the data have changed since the run began.
        """
        session.load_state_dict(self.state["session"])
        streams.load_state_dict(self.state["streams"])

    def prepare_phase(self, plan: PhasePlan, session: DatasetSession, passes: DatasetPass) -> None:
        """Prepare the method, unless the checkpoint was written after that."""
        if "phase" not in self.state:
            plan.prepare(session.method, passes)

    def restore_phase(self, phase: Phase, session: DatasetSession, streams: RandomStreams) -> None:
        """Restore a phase that had begun, its evaluator, and the generators that it has created."""
        if "phase" in self.state:
            phase.load_state_dict(self.state["phase"])
            session.evaluator.load_state_dict(self.state["evaluator"])
            streams.load_state_dict(self.state["streams"])
            GlobalGenerators().load_state_dict(self.state["generators"])
            name, iteration = f"{phase.name} on {session.plan.name}", phase.state.clock.iteration
            self.writer.write(Note(f"{name}  resumes after it {iteration}"))
