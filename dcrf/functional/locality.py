"""Losses on features that keep neighbors near and groups of units sparse (DEN)."""

import math

from torch import Tensor


def heat_kernel(distances: Tensor, width: float) -> Tensor:
    """Similarities exp(-d^2 / t) of distances d, with the width t.

    Args:
        distances: of any shape, unsquared.
        width: > 0, in squared units of the distances.
    """
    return (-distances.square() / width).exp()


def locality_preservation(features: Tensor, companions: Tensor, similarities: Tensor) -> Tensor:
    """Mean over samples of sum_j s_ij |z_i - z_j|^2 over their neighbors j (DEN).

    Args:
        features: (n, d).
        companions: (n, m, d), the features of m neighbors of each sample.
        similarities: (n, m), s, >= 0.

    Returns:
        Scalar >= 0, in squared units of the features.
    """
    squared_distances = (features.unsqueeze(1) - companions).square().sum(dim=2)
    return (similarities * squared_distances).sum(dim=1).mean()


def group_sparsity(features: Tensor, group_size: int) -> Tensor:
    """Mean over samples of sum_g sqrt(n_g) |phi_g|, over groups g of n_g units (DEN).

    Args:
        features: (n, d). Consecutive units form a group.
        group_size: n_g, a divisor of d.

    Returns:
        Scalar >= 0, in units of the features. The gradient of a group that is zero is zero.
    """
    groups = features.unflatten(1, (-1, group_size))
    return math.sqrt(group_size) * groups.norm(dim=2).sum(dim=1).mean()
