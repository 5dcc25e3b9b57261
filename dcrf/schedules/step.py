"""A schedule of values that last until the next one."""

from bisect import bisect_right
from collections.abc import Mapping

from dcrf.schedules.base import Schedule


class Step(Schedule):
    """Each value lasts until the iteration of the next one.

    Formula:
        v(t) = v_a of the last a with t_a <= t

    Args:
        values: number of iterations or epochs, as a string -> the value from there on. One is "0".
        unit: `iteration` or `epoch`.
    """

    def __init__(self, *, values: Mapping[str, float], unit: str) -> None:
        super().__init__(unit)
        pairs = sorted((int(start), value) for start, value in values.items())
        self.starts = [start for start, _ in pairs]
        self.values = [value for _, value in pairs]

    @property
    def final(self) -> float:
        """The last value."""
        return self.values[-1]

    def after(self, done: int) -> float:
        """Return the value after `done` iterations or epochs, from 0."""
        return self.values[bisect_right(self.starts, done) - 1]
