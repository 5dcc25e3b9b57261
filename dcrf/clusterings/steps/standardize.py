"""Features of mean 0 and variance 1."""

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows, parts_of
from dcrf.clusterings.steps.base import FittedStep, Transformation


class Standardize(Transformation):
    """Subtracts the mean of each feature and divides by its standard deviation.

    z = (x - mean) / s with s^2 = (1/N) sum_i (x_i - mean)^2. A feature without variance becomes 0.

    New samples: the mean and the standard deviation of the fit.

    Args:
        keeps_binary: whether features with no other values than 0 and 1 stay as they are, so that a
            rare category does not weigh more than a frequent one.
    """

    def __init__(self, *, keeps_binary: bool = False) -> None:
        self.keeps_binary = keeps_binary

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the width of rows, which does not change."""
        return n_features

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the means and standard deviations of rows (n, d)."""
        parts = parts_of(torch.arange(len(rows)))
        sums = torch.stack([rows[part].double().sum(dim=0) for part in parts])
        mean = sums.sum(dim=0) / len(rows)
        squares = [(rows[part].double() - mean).square().sum(dim=0) for part in parts]
        deviation = (torch.stack(squares).sum(dim=0) / len(rows)).sqrt()
        if self.keeps_binary:
            binary = [((rows[part] == 0) | (rows[part] == 1)).all(dim=0) for part in parts]
            is_binary = torch.stack(binary).all(dim=0)
            mean, deviation = mean.masked_fill(is_binary, 0), deviation.masked_fill(is_binary, 1)
        return _Standardized(mean, deviation)

    def unfitted(self) -> FittedStep:
        """Return means and standard deviations of width 0."""
        return _Standardized(torch.empty(0), torch.empty(0))


class _Standardized(FittedStep):
    """Rows minus a mean (d,), divided by a standard deviation (d,)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.double())
        self.register_buffer("deviation", deviation.double())

    def forward(self, features: Tensor) -> Tensor:
        scale = torch.where(self.deviation > 0, self.deviation, 1.0)
        return ((features.double() - self.mean) / scale).to(features.dtype)
