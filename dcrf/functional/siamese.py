"""The contrastive loss of Siamese networks: pairs that are near, and pairs that are apart."""

import torch.nn.functional as F
from torch import Tensor


def contrastive_loss(
    anchors: Tensor, near: Tensor, far: Tensor, near_margin: float, far_margin: float
) -> tuple[Tensor, Tensor]:
    """Penalize distances of positive pairs above a margin, of negative ones below another.

    Hadsell et al., CVPR 2006, eq. 4, as SpectralNet trains its Siamese network (arXiv:1801.01587,
    section 3.2.2); the margin of positive pairs stands in its authors' code. Distances d are
    Euclidean.

    Args:
        anchors: (n, d) embeddings.
        near: (n, d), row i forms a positive pair with row i of the anchors.
        far: (n, d), row i forms a negative pair with it.
        near_margin: m+ >= 0, the distance up to which positive pairs have no loss.
        far_margin: m- > 0, the distance from which negative pairs have none.

    Returns:
        Scalars >= 0: 1/n sum_i max(d_i - m+, 0)^2 of the positive pairs, and
        1/n sum_i max(m- - d_i, 0)^2 of the negative ones. The gradient at distance 0 is 0.
    """
    positive = F.relu(_distances(anchors, near) - near_margin).square().mean()
    negative = F.relu(far_margin - _distances(anchors, far)).square().mean()
    return positive, negative


def _distances(first: Tensor, second: Tensor) -> Tensor:
    """Return (n,) Euclidean distances, whose gradient at 0 is 0 and not NaN."""
    return (first - second).norm(dim=1)
