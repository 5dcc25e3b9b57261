"""The common space in which clusterings are compared: principal components of the samples."""

import numpy as np
from numpy.typing import NDArray

from dcrf.functional.principal_axes import principal_axes, principal_axes_of_few

Rows = NDArray[np.float64]

COMPONENTS = 10
"""Principal components of the common space."""
SAMPLES = 5000
"""Samples that scores of the common space are computed from. Their time grows with the square."""


def principal_components(rows: NDArray[np.floating]) -> Rows:
    """Return rows (n, d) in their first `COMPONENTS` principal components, with mean zero.

    Rows with fewer columns keep all axes, (n, min(d, `COMPONENTS`)). Components are not rescaled,
    so distances are those of the rows as far as these axes show them.
    """
    centered = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    n_samples, n_features = centered.shape
    if n_samples <= n_features:
        _, axes = principal_axes_of_few(centered)
    else:
        _, axes = principal_axes(centered.T @ centered, n_samples)
    return centered @ axes[:COMPONENTS].T
