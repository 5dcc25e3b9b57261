"""Pointwise mutual information of pairs of assignments (TEMI)."""

from torch import Tensor, finfo


def same_cluster_probability(log_assignments: Tensor, other_log_assignments: Tensor) -> Tensor:
    """Return (n,), sum_c p(c|x) p(c|x'): the probability that both are in one cluster.

    Args:
        log_assignments: (n, k) natural-log probabilities of x.
        other_log_assignments: (n, k), of x'.
    """
    return (log_assignments + other_log_assignments).logsumexp(dim=1).exp()


def negative_pointwise_information(
    log_assignments: Tensor, other_log_assignments: Tensor, shares: Tensor, exponent: float
) -> Tensor:
    """Return (n,), -log sum_c (p(c|x) q(c|x'))^beta / s(c) of pairs (TEMI, arXiv:2303.17896).

    With beta 1 it is the negative pointwise mutual information of x and x' in nats. A beta below 1
    keeps clusters from becoming empty.

    Args:
        log_assignments: (n, k) natural-log probabilities p of x.
        other_log_assignments: (n, k), q of x'.
        shares: (k,), s >= 0, the shares of the clusters; 0 counts as the smallest number above it.
        exponent: beta, > 0.
    """
    log_products = exponent * (log_assignments + other_log_assignments)
    log_shares = shares.clamp_min(finfo(shares.dtype).tiny).log()
    return -(log_products - log_shares).logsumexp(dim=1)
