"""A schedule with equal factors."""

from dcrf.schedules.base import Transition


class Exponential(Transition):
    """From one value to another by a constant factor: from (to / from)^progress, both > 0.

    Formula:
        v(t) = from (to / from)^p, with p = (t - start) / (end - start)
    """

    def between(self, progress: float) -> float:
        """Return the value at a share of the transition, greater than 0 and less than 1."""
        return self.from_ ** (1 - progress) * self.to**progress
