"""Pairwise similarities of points, and how well one space keeps those of another."""

from torch import Tensor

from dcrf.functional.assignments import squared_distances


def log_student_t_similarities(points: Tensor, degrees_of_freedom: float) -> Tensor:
    """Log of p_ij, the kernel (1 + |z_i - z_j|^2 / a)^(-(a + 1) / 2) normalized over all j but i.

    Memory grows with n^2 d.

    Args:
        points: (n, d).
        degrees_of_freedom: a, > 0.

    Returns:
        (n, n - 1) natural-log probabilities; row i has all points but i, in their order.
    """
    scaled = _off_diagonal(squared_distances(points, points)) / degrees_of_freedom
    return (-(degrees_of_freedom + 1) / 2 * scaled.log1p()).log_softmax(dim=1)


def similarity_cross_entropy(
    points: Tensor,
    embeddings: Tensor,
    degrees_of_freedom: float,
    embedding_degrees_of_freedom: float,
) -> Tensor:
    """Mean over rows of -sum_j p_ij log q_ij, with p of points and q of their embeddings.

    Args:
        points: (n, d).
        embeddings: (n, e), row i that of point i.
        degrees_of_freedom: of the similarities p.
        embedding_degrees_of_freedom: of the similarities q.

    Returns:
        Scalar >= 0, in nats, and 0 if n is 1 or 2. Gradient flows through both.
    """
    log_p = log_student_t_similarities(points, degrees_of_freedom)
    log_q = log_student_t_similarities(embeddings, embedding_degrees_of_freedom)
    return -(log_p.exp() * log_q).sum(dim=1).mean()


def _off_diagonal(matrix: Tensor) -> Tensor:
    """Return (n, n - 1), a square matrix without its diagonal."""
    n = len(matrix)
    return matrix.flatten()[1:].reshape(n - 1, n + 1)[:, :-1].reshape(n, n - 1)
