"""Losses of pairs of samples that must, or cannot, belong to the same cluster."""

from torch import Tensor


def must_link(log_assignments: Tensor, partners: Tensor, is_linked: Tensor) -> Tensor:
    """Mean of -log sum_k p_k q_k over the pairs that must be in the same cluster.

    Args:
        log_assignments: (n, k) natural-log probabilities p.
        partners: (n, k), q of one partner of each sample.
        is_linked: (n,) bool, which rows are pairs.

    Returns:
        Scalar >= 0, in nats; 0 with a graph if no row is a pair.

    Source: Zhang, Basu and Davidson, ECML PKDD 2019, pairwise constraints,
        https://arxiv.org/abs/1901.10061.
    """
    return _mean_over_pairs(-(log_assignments + partners).logsumexp(dim=1), is_linked)


def cannot_link(log_assignments: Tensor, partners: Tensor, is_linked: Tensor) -> Tensor:
    """Mean of -log(1 - sum_k p_k q_k) over the pairs that cannot be in the same cluster.

    1 - sum_k p_k q_k is computed as the sum of p_k q_l over k != l, so that it keeps its digits if
    both samples are almost certain of one cluster. Memory grows with n k^2.

    Args:
        log_assignments: (n, k) natural-log probabilities p, k >= 2.
        partners: (n, k), q of one partner of each sample.
        is_linked: (n,) bool, which rows are pairs.

    Returns:
        Scalar >= 0, in nats; 0 with a graph if no row is a pair.

    Source: Zhang, Basu and Davidson, ECML PKDD 2019, pairwise constraints,
        https://arxiv.org/abs/1901.10061.
    """
    n, k = log_assignments.shape
    products = (log_assignments.unsqueeze(2) + partners.unsqueeze(1)).flatten(1)
    # without the first entry, every k + 1st one is on the diagonal
    off_diagonal = products[:, 1:].reshape(n, k - 1, k + 1)[:, :, :-1].flatten(1)
    return _mean_over_pairs(-off_diagonal.logsumexp(dim=1), is_linked)


def _mean_over_pairs(losses: Tensor, is_linked: Tensor) -> Tensor:
    return losses.where(is_linked, 0).sum() / is_linked.sum().clamp_min(1)
