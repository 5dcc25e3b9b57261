"""Assignments with clusters of equal size by the Sinkhorn-Knopp algorithm (SeLa, SwAV)."""

from torch import Tensor


def balanced_log_assignments(scores: Tensor, regularization: float, num_iterations: int) -> Tensor:
    """Log of the assignments that agree with scores and give clusters equal shares of a batch.

    They maximize <Q, scores> + regularization H(Q) among all Q whose clusters have the same share,
    up to the number of iterations (SwAV, arXiv:2006.09882, eq. 3-5; SeLa, arXiv:1911.05371). The
    logarithms are normalized instead of exp(scores / regularization), which overflows. Each
    iteration normalizes the clusters, then the samples.

    Args:
        scores: (n, k), such as cosines, or log-assignments.
        regularization: epsilon, > 0. The smaller, the closer the assignments are to certainty.
        num_iterations: >= 1.

    Returns:
        (n, k) natural-log probabilities without gradient; every row's exp sums to 1.
    """
    log_shares = scores.detach() / regularization
    for _ in range(num_iterations):
        log_shares = log_shares.log_softmax(dim=0).log_softmax(dim=1)
    return log_shares


def swapped_cross_entropy(
    first: Tensor, second: Tensor, temperature: float, regularization: float, num_iterations: int
) -> Tensor:
    """Predict the balanced assignments of each view from the other (SwAV, eq. 1 and 2).

    Args:
        first: (n, k) scores of one view.
        second: (n, k) scores of the other view.
        temperature: tau, > 0; predictions are the softmax of scores / tau.
        regularization: epsilon of the balanced assignments, > 0.
        num_iterations: of the balanced assignments, >= 1.

    Returns:
        Scalar, >= 0: the sum of the cross-entropies of both views, in nats per sample.
    """
    targets = [
        balanced_log_assignments(scores, regularization, num_iterations).exp()
        for scores in (second, first)
    ]
    predictions = [(scores / temperature).log_softmax(dim=1) for scores in (first, second)]
    pairs = zip(targets, predictions, strict=True)
    losses = [-(target * prediction).sum(dim=1).mean() for target, prediction in pairs]
    return losses[0] + losses[1]
