"""Principal axes of rows, and the map that whitens them."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def principal_axes(matrix: Array, n_samples: int) -> tuple[Array, Array]:
    """Return the variances along the principal axes, and the axes, of the largest variance first.

    The axes are the eigenvectors of the covariance S = X^T X / (n - 1) of centered rows X (Bishop,
    Pattern Recognition and Machine Learning, 2006, section 12.1.1, eq. 12.5 and 12.6). Their signs
    are arbitrary: the coordinate of an axis with the largest size is positive.

    Args:
        matrix: X^T X, (d, d).
        n_samples: n.

    Returns:
        Variances (d,), >= 0, falling, and axes (d, d), one in each row.
    """
    values, vectors = np.linalg.eigh(matrix)
    variances = np.maximum(values[::-1], 0) / max(n_samples - 1, 1)
    return variances, fixed_signs(vectors.T[::-1])


def principal_axes_of_few(rows: Array) -> tuple[Array, Array]:
    """Return the same for centered rows (n, d) with n <= d, from their products X X^T.

    Its eigenvectors u with eigenvalue l give the axes X^T u / sqrt(l) (Bishop, section 12.1.4, eq.
    12.29 and 12.30). An axis without variance is zero.

    Returns:
        Variances (n,) and axes (n, d).
    """
    values, vectors = np.linalg.eigh(rows @ rows.T)
    axes = vectors.T[::-1] @ rows
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    least = lengths[0] * len(rows) * np.finfo(np.float64).eps ** 0.5
    axes = np.divide(axes, lengths, out=np.zeros_like(axes), where=lengths > least)
    variances = np.maximum(values[::-1], 0) / max(len(rows) - 1, 1)
    return np.where(axes.any(axis=1), variances, 0), fixed_signs(axes)


def fixed_signs(axes: Array) -> Array:
    """Return axes (m, d) of which the coordinate with the largest size is positive."""
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
    return axes * np.where(largest < 0, -1.0, 1.0)


def whitening_scales(variances: Array, epsilon: float) -> Array:
    """Return the factors 1 / sqrt(l + epsilon) of axes with variance l.

    x -> U^T diag(factors) U (x - mean), with the axes in the rows of U, is ZCA whitening (Kessy,
    Lewin and Strimmer, The American Statistician 2018, Table 1: W = S^(-1/2)) for epsilon = 0.
    The factor of an axis without variance is 0.

    Args:
        variances: (m,), falling.
        epsilon: >= 0, bounds the factors of small variances.
    """
    least = variances[0] * len(variances) * np.finfo(np.float64).eps if len(variances) else 0
    has_variance = variances > least
    scales = 1 / np.sqrt(np.where(has_variance, variances + epsilon, 1))
    return np.where(has_variance, scales, 0.0)
