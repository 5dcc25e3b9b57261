"""ZCA whitening."""

import torch
from torch import Generator, Tensor

from dcrf.clusterings.base import FeatureRows
from dcrf.clusterings.steps.base import FittedStep, Transformation, axes_of, check_axes_fit
from dcrf.functional.principal_axes import whitening_scales


class Whitening(Transformation):
    """Features of variance 1 without correlations, as close as possible to the original ones (ZCA).

    z = (S + epsilon I)^(-1/2) (x - mean), with the covariance S of the rows (Kessy, Lewin and
    Strimmer, The American Statistician 2018, Table 1). Directions in which the rows do not vary
    are dropped. After the step pca it is PCA whitening, since S is diagonal then.

    New samples: the same map.

    Args:
        epsilon: is added to the variances, >= 0, so that directions of little variance, which are
            mostly noise, do not count as much as others.
    """

    def __init__(self, *, epsilon: float) -> None:
        self.epsilon = epsilon

    def width(self, n_samples: int, n_features: int) -> int:
        """Return the width of rows, which does not change.

        Raises:
            ClusteringError: the axes of so many features would not fit into memory.
        """
        check_axes_fit(n_samples, n_features)
        return n_features

    def fit(self, rows: FeatureRows, generator: Generator) -> FittedStep:
        """Return the map of rows (n, d)."""
        mean, variances, axes = axes_of(rows)
        scales = torch.from_numpy(whitening_scales(variances.cpu().numpy(), self.epsilon))
        return _Whitened(mean, axes, scales.to(axes))

    def unfitted(self) -> FittedStep:
        """Return a map of width 0."""
        return _Whitened(torch.empty(0), torch.empty(0, 0), torch.empty(0))


class _Whitened(FittedStep):
    """Rows minus a mean (d,), with their coordinates along axes (m, d) scaled by factors (m,)."""

    mean: Tensor
    axes: Tensor
    scales: Tensor

    def __init__(self, mean: Tensor, axes: Tensor, scales: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.double())
        self.register_buffer("axes", axes.double())
        self.register_buffer("scales", scales.double())

    def forward(self, features: Tensor) -> Tensor:
        coordinates = (features.double() - self.mean) @ self.axes.T
        return ((coordinates * self.scales) @ self.axes).to(features.dtype)
