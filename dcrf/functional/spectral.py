"""Spectral embeddings: affinities of points, and outputs that are orthonormal (SpectralNet)."""

import torch
from torch import Tensor

from dcrf.functional.neighbors import nearest_neighbors, neighbor_distances

_RIDGE = 1e-7
"""Share of the mean square that is added to the squares, so that none is zero."""


def gaussian_affinities(features: Tensor, num_neighbors: int, scale_neighbor: int) -> Tensor:
    """Affinities exp(-d_ij^2 / (2 s^2)) of each point and its nearest neighbors, made symmetric.

    The scale s is the median distance of a point to its neighbor of rank `scale_neighbor`. The
    matrix with rows of neighbors is averaged with its transpose.

    Args:
        features: (n, d).
        num_neighbors: of each point, without itself; all others if there are fewer.
        scale_neighbor: a rank, from 1; the last one if there are fewer.

    Returns:
        (n, n), from 0 to 1, symmetric, with a diagonal of 0.

    Source: Shaham et al., ICLR 2018, section 3.1 and appendix, https://arxiv.org/abs/1801.01587.
    """
    n = len(features)
    affinities = features.new_zeros(n, n)
    if n == 1:
        return affinities
    n_found = min(max(num_neighbors, scale_neighbor), n - 1)
    neighbors = nearest_neighbors(features, n_found, "euclidean")
    distances = neighbor_distances(features, neighbors)
    scale = distances[:, min(scale_neighbor, n_found) - 1].median()
    tiny = torch.finfo(features.dtype).tiny  # all neighbors may be copies
    values = (-(distances / scale.clamp_min(tiny**0.5)).square() / 2).exp()
    affinities.scatter_(1, neighbors[:, :num_neighbors], values[:, :num_neighbors])
    return (affinities + affinities.T) / 2


def spectral_loss(embeddings: Tensor, affinities: Tensor) -> Tensor:
    """Compute 1 / n^2 sum_ij W_ij |y_i - y_j|^2 (arXiv:1801.01587, equation 3).

    It is 2 / n^2 trace(Y' (D - W) Y) with the degrees D, which needs no n x n x d differences.

    Args:
        embeddings: Y, (n, d).
        affinities: W, (n, n), symmetric, >= 0.

    Returns:
        Scalar >= 0, in squared units of the embeddings.
    """
    degrees = affinities.sum(dim=1, keepdim=True)
    differences = degrees * embeddings - affinities @ embeddings
    return 2 * (embeddings * differences).sum() / len(embeddings) ** 2


def divided_by_degrees(embeddings: Tensor, affinities: Tensor) -> Tensor:
    """Divide each embedding by the root of its degree D_ii, the sum of its affinities.

    So the spectral loss is that of the normalized Laplacian I - D^(-1/2) W D^(-1/2). The equation
    of the paper divides by the degree itself; the authors' code takes the root.

    Args:
        embeddings: (n, d).
        affinities: W, (n, n), symmetric, >= 0.

    Returns:
        (n, d). A point without affinities is divided by a tiny number; its loss is 0 all the same.

    Source: Shaham et al., ICLR 2018, equation 5, https://arxiv.org/abs/1801.01587.
    """
    degrees = affinities.sum(dim=1, keepdim=True)
    return embeddings / degrees.clamp_min(torch.finfo(degrees.dtype).tiny ** 0.5).sqrt()


def orthonormalizing_weight(values: Tensor) -> Tensor:
    """Return the matrix R with which Y = V R has Y' Y = n I (arXiv:1801.01587, section 3.1).

    R = sqrt(n) (L^-1)' with the Cholesky factor L of V' V, in float64. A ridge of 1e-7 of the mean
    square keeps R finite if columns depend on each other. Gradient flows through R.

    Args:
        values: V, (n, d).

    Returns:
        (d, d), upper triangular, of the type of `values`.
    """
    n, d = values.shape
    exact = values.double()
    squares = exact.T @ exact
    ridge = _RIDGE * squares.diagonal().mean() + torch.finfo(torch.float32).tiny
    identity = torch.eye(d, dtype=exact.dtype, device=values.device)
    factor = torch.linalg.cholesky(squares + ridge * identity)
    inverse = torch.linalg.solve_triangular(factor, identity, upper=False)
    return (n**0.5 * inverse.T).to(values.dtype)
