"""A schedule with equal steps."""

from dcrf.schedules.base import Transition


class Linear(Transition):
    """From one value to another in equal steps: from + (to - from) progress.

    Formula:
        v(t) = from + (to - from) p, with p = (t - start) / (end - start)
    """

    def between(self, progress: float) -> float:
        """Return the value at a share of the transition, greater than 0 and less than 1."""
        return self.from_ + (self.to - self.from_) * progress
