"""One vector for a whole set."""

from typing import Literal

import torch
from torch import Tensor, nn

from dcrf.mappings.absent_objects import present_objects

_SETS = 3  # axes: set, object, feature


class PoolObjects(nn.Module):
    """Pools the vectors of all objects of a set into one, whatever their order.

    Objects that only fill up a shorter set are left out.

    Shapes:
        (n, objects, features) -> (n, features); (n, 2 features) for `mean_and_max`

    Args:
        by: the mean, the maximum, or both of each feature.

    Raises:
        ValueError: `by` is unknown, or an input that is not (n, objects, features).

    Source: Zaheer et al., Deep Sets, NeurIPS 2017, section 3, https://arxiv.org/abs/1703.06114
    """

    def __init__(self, *, by: Literal["mean", "max", "mean_and_max"] = "mean") -> None:
        super().__init__()
        if by not in ("mean", "max", "mean_and_max"):
            raise ValueError(f"by {by!r} is unknown")
        self.by = by

    def forward(self, values: Tensor) -> Tensor:
        """Return a vector for each set of objects (n, objects, features)."""
        if values.ndim != _SETS:
            raise ValueError("it takes sets of shape (objects, features)")
        if self.by == "mean":
            return _mean(values)
        if self.by == "max":
            return _maximum(values)
        return torch.cat([_mean(values), _maximum(values)], dim=1)


def _mean(values: Tensor) -> Tensor:
    is_present = present_objects()
    if is_present is None:
        return values.mean(dim=1)
    weights = is_present.unsqueeze(2).to(values.dtype)
    return (values * weights).sum(dim=1) / weights.sum(dim=1)


def _maximum(values: Tensor) -> Tensor:
    is_present = present_objects()
    if is_present is not None:
        values = values.masked_fill(~is_present.unsqueeze(2), -torch.inf)
    return values.amax(dim=1)
