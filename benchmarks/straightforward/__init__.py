"""The shipped configurations, written directly in torch and torchvision.

This is the code that a competent researcher writes for one paper: correct, without dcrf's
optimizations. Each loss runs its own networks on its own views. Transforms work image by image, and
a data set is encoded in one piece. It imports nothing of dcrf, so it is both the baseline of its
speed and an independent reference for its losses.
"""

from benchmarks.straightforward.shipped import straightforward
from benchmarks.straightforward.training import Straightforward

__all__ = ["Straightforward", "straightforward"]
