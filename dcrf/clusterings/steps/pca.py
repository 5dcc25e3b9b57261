"""Principal component analysis."""

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows
from dcrf.clusterings.steps.base import FittedStep, Transformation, axes_of, check_axes_fit
from dcrf.errors import ClusteringError


class Pca(Transformation):
    """The coordinates of rows along the axes of largest variance, from their mean.

    Bishop, Pattern Recognition and Machine Learning, 2006, section 12.1. The coordinate of an axis
    with the largest size is positive, so that the same rows give the same bytes.

    Formula:
        z = U^T (x - mean), with the first axes U of the covariance

    New samples: their coordinates along the same axes.

    Args:
        n_components: number of axes, at most the number of features and of samples.
    """

    def __init__(self, *, n_components: int) -> None:
        self.n_components = n_components

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the number of axes.

        Raises:
            ClusteringError: the rows have fewer axes, or these would not fit into memory.
        """
        for number, things in ((n_features, "features"), (n_samples, "samples")):
            if number < self.n_components:
                raise ClusteringError(
                    f"n_components of the step pca is {self.n_components}, but there are only "
                    f"{number} {things}; write at most {min(n_samples, n_features)}"
                )
        check_axes_fit(n_samples, n_features)
        return self.n_components

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the first axes of rows (n, d)."""
        mean, _, axes = axes_of(rows)
        return _Coordinates(mean, axes[: self.n_components].clone())

    def unfitted(self) -> FittedStep:
        """Return axes of width 0."""
        return _Coordinates(torch.empty(0), torch.empty(self.n_components, 0))


class _Coordinates(FittedStep):
    """Coordinates along axes (m, d) from a mean (d,)."""

    mean: Tensor
    axes: Tensor

    def __init__(self, mean: Tensor, axes: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.double())
        self.register_buffer("axes", axes.double())

    def forward(self, features: Tensor) -> Tensor:
        return ((features.double() - self.mean) @ self.axes.T).to(features.dtype)
