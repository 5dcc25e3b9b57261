"""Maximum margin clustering (NMMC, arXiv:1501.03084)."""

import torch
from torch import Tensor


def hinge_loss(scores: Tensor, clusters: Tensor, margin: float = 1.0) -> Tensor:
    """Mean of max(0, margin + max_{k != c} s_k - s_c) over samples of clusters c.

    It is the multi-class hinge loss of Crammer and Singer (JMLR 2001) with clusters in place of
    classes, as in maximum margin clustering (arXiv:1501.03084, section 3.2).

    Args:
        scores: (n, k), k >= 2, of any offset per row: only differences count.
        clusters: (n,) int64 in [0, k), or -1 for noise, which loses nothing.
        margin: > 0.

    Returns:
        Scalar, >= 0.
    """
    own = clusters.clamp_min(0).unsqueeze(1)
    best_other = scores.scatter(1, own, -torch.inf).amax(dim=1)
    losses = (margin + best_other - scores.gather(1, own).squeeze(1)).clamp_min(0)
    return losses.where(clusters >= 0, 0.0).mean()
