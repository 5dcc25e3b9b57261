"""A schedule of straight lines between points."""

from bisect import bisect_right
from collections.abc import Sequence

from dcrf.schedules.base import Schedule


class Piecewise(Schedule):
    """Straight lines between points. The first and the last value hold before and after them.

    Formula:
        v(t) = v_a + (v_b - v_a) (t - t_a) / (t_b - t_a) between the points a and b

    Args:
        points: pairs of a number of iterations or epochs and a value, in ascending order.
        unit: `iteration` or `epoch`.
    """

    def __init__(self, *, points: Sequence[tuple[int, float]], unit: str) -> None:
        super().__init__(unit)
        self.starts = [start for start, _ in points]
        self.values = [value for _, value in points]

    @property
    def final(self) -> float:
        """The value of the last point."""
        return self.values[-1]

    def after(self, done: int) -> float:
        """Return the value after `done` iterations or epochs, from 0."""
        right = bisect_right(self.starts, done)
        if right in (0, len(self.starts)):
            return self.values[max(right - 1, 0)]
        start, end = self.starts[right - 1 : right + 1]
        first, second = self.values[right - 1 : right + 1]
        return first + (second - first) * ((done - start) / (end - start))
