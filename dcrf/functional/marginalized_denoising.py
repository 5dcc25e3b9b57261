"""The marginalized denoising layer, in closed form."""

import torch
from torch import Tensor


def denoising_weights(products: Tensor, corruption_rate: float, epsilon: float) -> Tensor:
    """Return the linear map that best restores features of which some are set to 0.

    It minimizes the expected squared error |X - W Y|^2, where each feature of Y is 0 with
    probability p and else that of X, over infinitely many corruptions: W = P (Q + epsilon I)^-1
    with q = 1 - p, S = X X^T, P = q S, and Q = q^2 S off the diagonal and q S on it (Chen, Xu,
    Weinberger, Sha, ICML 2012, eq. 3 to 5, https://arxiv.org/abs/1206.4683).

    Args:
        products: S, (d, d) in float64.
        corruption_rate: p, in [0, 1).
        epsilon: > 0.

    Returns:
        (d, d).
    """
    kept = 1 - corruption_rate
    corrupted = kept**2 * products
    corrupted.diagonal().copy_(kept * products.diagonal() + epsilon)
    # W Q = P with symmetric P and Q, so that Q W^T = P
    return torch.linalg.solve(corrupted, kept * products).T
