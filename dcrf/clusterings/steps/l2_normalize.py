"""Rows of length 1."""

import torch.nn.functional as F
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows
from dcrf.clusterings.steps.base import FittedStep, Transformation


class L2Normalize(Transformation):
    """Divides each row by its Euclidean length, so that it lies on the unit sphere.

    A row of zeros stays one. Squared distances then are 2 - 2 cos, so that k-means groups rows by
    their angles (Dhillon and Modha, Machine Learning 2001, cluster by cosines).

    Formula:
        z = x / |x|

    New samples: the same division.
    """

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the width of rows, which does not change."""
        return n_features

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the division. It has no values to fit."""
        return self.unfitted()

    def unfitted(self) -> FittedStep:
        """Return the division. It has no state to load."""
        return _UnitRows()


class _UnitRows(FittedStep):
    def forward(self, features: Tensor) -> Tensor:
        return F.normalize(features, dim=1)
