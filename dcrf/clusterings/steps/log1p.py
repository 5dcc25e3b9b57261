"""The logarithm of features that count."""

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows, parts_of
from dcrf.clusterings.steps.base import FittedStep, Transformation
from dcrf.errors import ClusteringError


class Log1p(Transformation):
    """The natural logarithm of 1 + x, for counts and amounts whose large values lie far apart.

    Formula:
        z = log(1 + x)

    New samples: the same logarithm.
    """

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the width of rows, which does not change."""
        return n_features

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the logarithm. It has no values to fit.

        Raises:
            ClusteringError: a value of rows (n, d) is -1 or less.
        """
        for part in parts_of(torch.arange(len(rows))):
            _check(rows[part])
        return self.unfitted()

    def unfitted(self) -> FittedStep:
        """Return the logarithm. It has no state to load."""
        return _Logarithms()


class _Logarithms(FittedStep):
    def forward(self, features: Tensor) -> Tensor:
        _check(features)
        return features.log1p()


def _check(values: Tensor) -> None:
    if not values.is_meta and len(values) and (least := values.min().item()) <= -1:
        raise ClusteringError(
            f"the step log1p needs values above -1, but the least one is {least:g}; take min_max "
            "or standardize"
        )
