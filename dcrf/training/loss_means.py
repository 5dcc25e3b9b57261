"""Mean losses of epochs: they end a phase, choose the parameters to keep, and compare seeds.

An epoch has every sample once, so that its mean is comparable with that of another epoch.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from dcrf.batch import Place
from dcrf.reporting.records import Note
from dcrf.reporting.writers import Writer
from dcrf.training.exit_criteria import Progress
from dcrf.training.optimizers import OptimizerGroups
from dcrf.training.phase import Hook, PhaseState


class EpochMean:
    """The mean of a scalar over an epoch, in float64."""

    def __init__(self) -> None:
        self.total: Tensor | float = 0.0
        self.count = 0

    def add(self, value: Tensor) -> None:
        """Add the value of an iteration."""
        self.total = self.total + value.double()
        self.count += 1

    def take(self) -> float:
        """Return the mean, and start the next epoch. At least one value has been added."""
        mean = float(self.total) / self.count
        self.total, self.count = 0.0, 0
        return mean

    def state_dict(self) -> dict[str, Any]:
        """Return the sum and the number of values."""
        return {"total": self.total, "count": self.count}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.total, self.count = state["total"], state["count"]


class LossStopsFalling(Hook):
    """An exit criterion: the mean of a loss over an epoch has stopped falling.

    It is met at the end of an epoch if, for `patience_iterations` or more iterations, no epoch has
    had a mean more than `min_delta` below the lowest one before. It reads no labels.

    Args:
        name: `<pattern>/<loss>`; the loss counts without its weight.
        patience_iterations: counted from the end of the epoch with the lowest mean.
        min_delta: >= 0.
    """

    def __init__(self, *, name: str, patience_iterations: int, min_delta: float) -> None:
        self.name, self.patience, self.min_delta = name, patience_iterations, min_delta
        self.mean = EpochMean()
        self.lowest: float | None = None
        self.iteration_of_lowest = 0

    @property
    def key(self) -> str:
        """The loss, whose means say nothing about another one."""
        return f"{type(self).__name__} {self.name}"

    def after_iteration(self, state: PhaseState) -> None:
        """Add up the loss, and compare the mean of an epoch that ends."""
        self.mean.add(state.losses[self.name])
        if state.clock.epoch_ends:
            mean = self.mean.take()
            if self.lowest is None or mean < self.lowest - self.min_delta:
                self.lowest, self.iteration_of_lowest = mean, state.clock.iteration

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        iterations = state.clock.iteration - self.iteration_of_lowest
        if not state.clock.epoch_ends or self.lowest is None or iterations < self.patience:
            return None
        lowest = f"lowest mean {self.lowest:.4g} at it {self.iteration_of_lowest}"
        return f"{self.name} has stopped falling: {lowest}"

    def state_dict(self) -> dict[str, Any]:
        """Return the sum of this epoch, and the lowest mean."""
        lowest = {"lowest": self.lowest, "iteration_of_lowest": self.iteration_of_lowest}
        return {"mean": self.mean.state_dict(), **lowest}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.mean.load_state_dict(state["mean"])
        self.lowest, self.iteration_of_lowest = state["lowest"], state["iteration_of_lowest"]


class AverageLoss(Hook):
    """Averages the weighted sum of the losses that optimizers minimize, over each epoch.

    At the end of the phase, the mean of its last complete epoch becomes the loss of the phase; of
    all its iterations if it has no complete epoch.
    """

    def __init__(self, optimizers: OptimizerGroups) -> None:
        self.optimizers, self.mean = optimizers, EpochMean()
        self.last: float | None = None

    def after_iteration(self, state: PhaseState) -> None:
        """Add up the loss, and average an epoch that ends."""
        loss = self.optimizers.minimized(state.losses, state.clock)
        if loss is not None:
            self.mean.add(loss)
            if state.clock.epoch_ends:
                self.last = self.mean.take()

    def after_phase(self, state: PhaseState) -> None:
        """Write the loss of the phase."""
        is_cut = self.last is None and self.mean.count > 0
        state.loss = self.mean.take() if is_cut else self.last

    def state_dict(self) -> dict[str, Any]:
        """Return the sum of this epoch, and the mean of the last one."""
        return {"mean": self.mean.state_dict(), "last": self.last}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.mean.load_state_dict(state["mean"])
        self.last = state["last"]


class KeepLowestLoss(Hook):
    """At the end of the phase, restores the method after the epoch with the lowest mean loss.

    Epochs count if they are complete. Their parameters are kept in memory and in checkpoints.

    Args:
        method: with all of its state.
        average: runs before this hook.
        writer: takes a note about the epoch.
        place: data set and phase.
    """

    def __init__(
        self, method: nn.Module, average: AverageLoss, writer: Writer, place: Place
    ) -> None:
        self.method, self.average, self.writer, self.place = method, average, writer, place
        self.lowest: float | None = None
        self.epoch = 0
        self.kept: dict[str, Any] = {}

    def after_iteration(self, state: PhaseState) -> None:
        """Keep the method if an epoch ends whose mean loss is the lowest so far."""
        loss = self.average.last
        if not state.clock.epoch_ends or loss is None:
            return
        if self.lowest is None or loss < self.lowest:
            self.lowest, self.epoch = loss, state.clock.epoch
            self.kept = deepcopy(self.method.state_dict())

    def after_phase(self, state: PhaseState) -> None:
        """Restore the method."""
        if self.lowest is None:
            text = "keeps the last parameters: no epoch was complete"
        else:
            self.method.load_state_dict(self.kept)
            state.loss = self.lowest
            text = f"keeps the parameters after epoch {self.epoch}, mean loss {self.lowest:.4g}"
        self.writer.write(Note(f"{self.place.phase}  {text}"))

    def state_dict(self) -> dict[str, Any]:
        """Return the kept method, its epoch and its loss."""
        return {"lowest": self.lowest, "epoch": self.epoch, "kept": self.kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.lowest, self.epoch, self.kept = state["lowest"], state["epoch"], state["kept"]
