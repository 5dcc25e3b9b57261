"""The points of training at which parts of a method change by themselves."""

from dcrf.batch import Clock, DatasetPass, Place


class Lifecycle:
    """A part that is initialized, recalculated or fitted during training, besides by gradients."""

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Initialize state that the phase needs, before optimizers are built.

        A resumed phase does not call it again. On torch's meta device the state has a shape only.

        Args:
            place: data set and phase.
            data_pass: evaluates the whole data set.
        """

    def start_phase(self, place: Place) -> None:
        """Prepare for the iterations of a phase, whether it starts or resumes."""

    def first_change(self) -> int | None:
        """Return the first iteration of the phase, from 1, after which it computes new clusters."""
        return None

    def after_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Update state that changes with iterations, such as an annealed temperature."""

    def after_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Update state that changes after a phase, such as a clustering of its features."""

    def why_not_ready(self) -> str | None:
        """Return the reason why the part cannot be used yet, or None."""
        return None
