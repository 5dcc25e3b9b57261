"""The spread of points: features of a batch, or centers of clusters."""

from torch import Tensor

from dcrf.functional.reinforcement import safe_sqrt


def mean_deviation(points: Tensor) -> Tensor:
    """Return the mean over dimensions of the population standard deviation over points.

    The gradient of a dimension in which all points are equal is 0.

    Args:
        points: (n, d).

    Returns:
        Scalar, >= 0, in units of the points.

    Source: `var_features` and `var_locs` of https://github.com/aciobanusebi/deep-clustering.
    """
    return safe_sqrt(points.var(dim=0, correction=0)).mean()
