"""Features between 0 and 1."""

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows, parts_of
from dcrf.clusterings.steps.base import FittedStep, Transformation


class MinMax(Transformation):
    """Maps the least value of each feature to 0 and the greatest to 1.

    z = (x - min) / (max - min). A feature of one value becomes 0.

    New samples: the least and greatest values of the fit, so that some may lie outside [0, 1].
    """

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the width of rows, which does not change."""
        return n_features

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the least and greatest values of rows (n, d)."""
        parts = parts_of(torch.arange(len(rows)))
        least = torch.stack([rows[part].amin(dim=0) for part in parts]).amin(dim=0)
        greatest = torch.stack([rows[part].amax(dim=0) for part in parts]).amax(dim=0)
        return _Between(least, greatest)

    def unfitted(self) -> FittedStep:
        """Return least and greatest values of width 0."""
        return _Between(torch.empty(0), torch.empty(0))


class _Between(FittedStep):
    """Rows whose features have least and greatest values (d,)."""

    least: Tensor
    greatest: Tensor

    def __init__(self, least: Tensor, greatest: Tensor) -> None:
        super().__init__()
        self.register_buffer("least", least.double())
        self.register_buffer("greatest", greatest.double())

    def forward(self, features: Tensor) -> Tensor:
        length = self.greatest - self.least
        scale = torch.where(length > 0, length, 1.0)
        return ((features.double() - self.least) / scale).to(features.dtype)
