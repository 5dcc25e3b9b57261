"""Base classes of schedules: a clock in, the value of a number out."""

from abc import ABC, abstractmethod

from dcrf.batch import Clock

EPOCH = "epoch"
"""The unit of schedules that count epochs. All others count iterations."""


class Schedule(ABC):
    """A number that changes during training: a function of the clock, without state.

    All its values lie between the smallest and the largest of those that its schema marks
    `x-value`, so that the bounds of a key hold for every value if they hold for these.

    Args:
        unit: `iteration` or `epoch`, which the schedule counts.
    """

    def __init__(self, unit: str = "iteration") -> None:
        self.unit = unit

    def __call__(self, clock: Clock) -> float:
        """Return the value in the iteration of a clock."""
        return self.after(clock.epoch - 1 if self.unit == EPOCH else clock.iteration - 1)

    @property
    @abstractmethod
    def final(self) -> float:
        """The value that the schedule ends with."""

    @abstractmethod
    def after(self, done: int) -> float:
        """Return the value after `done` iterations or epochs, from 0."""


class Transition(Schedule):
    """A schedule from one value to another.

    Args:
        from_: the value until `start_iteration`.
        to: the value from `end_iteration` on.
        start_iteration: iterations or epochs before the transition.
        end_iteration: iterations or epochs until its end, greater than `start_iteration`.
        unit: `iteration` or `epoch`.
    """

    def __init__(
        self, *, from_: float, to: float, start_iteration: int, end_iteration: int, unit: str
    ) -> None:
        super().__init__(unit)
        self.from_, self.to = from_, to
        self.start, self.end = start_iteration, end_iteration

    @property
    def final(self) -> float:
        """The value that the schedule ends with."""
        return self.to

    def after(self, done: int) -> float:
        """Return the value after `done` iterations or epochs, from 0."""
        if done <= self.start:
            return self.from_
        if done >= self.end:
            return self.to
        return self.between((done - self.start) / (self.end - self.start))

    @abstractmethod
    def between(self, progress: float) -> float:
        """Return the value at a share of the transition, greater than 0 and less than 1."""
