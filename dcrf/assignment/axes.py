"""Points on the axes of a feature space, as first centroids and means."""

from torch import Tensor

from dcrf.errors import OptionError
from dcrf.functional.mixtures import axis_points


def axes(key: str, n_points: int, n_dimensions: int, scale: float) -> Tensor:
    """Return points (k, d) as `axis_points` does.

    Raises:
        OptionError: for this key of a file: the space has fewer dimensions than points.
    """
    if n_dimensions < n_points:
        message = f"{n_points} points on axes need at least {n_points} feature dimensions"
        raise OptionError(key, f"{message}, not {n_dimensions}")
    return axis_points(n_points, n_dimensions, scale)
