"""A schedule along half a cosine wave."""

import math

from dcrf.schedules.base import Transition


class Cosine(Transition):
    """From one value to another: to + (from - to) (1 + cos(pi progress)) / 2.

    Formula:
        v(t) = to + (from - to) (1 + cos(pi p)) / 2, with p = (t - start) / (end - start)

    Source: Loshchilov, Hutter, ICLR 2017, eq. 5, without restarts, https://arxiv.org/abs/1608.03983.
    """

    def between(self, progress: float) -> float:
        """Return the value at a share of the transition, greater than 0 and less than 1."""
        return self.to + (self.from_ - self.to) * (1 + math.cos(math.pi * progress)) / 2
