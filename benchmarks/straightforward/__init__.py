"""The shipped configurations, written directly in torch and torchvision.

What a competent researcher would write for one paper at a time: correct, and free of what dcrf does
for speed. Every loss runs the networks that it needs on the views that it needs, transforms work
image by image, and a data set is encoded in one piece. Nothing of dcrf is imported, so that this is
both what its speed is measured against and an independent reference for its losses.
"""

from benchmarks.straightforward.shipped import straightforward
from benchmarks.straightforward.training import Straightforward

__all__ = ["Straightforward", "straightforward"]
