"""Losses of networks that partition sets of objects, with a known partition of each set.

A set of n objects has 1 to K clusters. A partition is (b, n) int64: the cluster of each object,
numbered from 0 without gaps, and -1 for objects that only fill up a shorter set.

Source: Meier, Elezi, Amirian, Duerr & Stadelmann, ICLR workshop 2018 and ANNPR 2018,
https://arxiv.org/abs/1807.04001, and their code, github.com/kutoga/learning2cluster.
"""

import math

import torch
from torch import Tensor

_LEAST_PROBABILITY = 1e-7


def largest_number_of_clusters(width: int) -> int:
    """Return K for K (K + 1) / 2 logits: one block of k logits for each k from 1 to K.

    Raises:
        ValueError: no K has this many logits.
    """
    largest = (math.isqrt(8 * width + 1) - 1) // 2
    if width < 1 or largest * (largest + 1) // 2 != width:
        raise ValueError(f"{width} logits are not 1 + 2 + ... + K")
    return largest


def index_log_probabilities(logits: Tensor) -> Tensor:
    """Log-probabilities of cluster indices given each number of clusters.

    Args:
        logits: (b, n, K (K + 1) / 2), for each object blocks of 1, 2, ..., K logits.

    Returns:
        (b, n, K, K): entry [.., k - 1, l] is log P(l | x, k), minus infinity for l >= k.
    """
    largest = largest_number_of_clusters(logits.shape[-1])
    rows, columns = torch.tril_indices(largest, largest, device=logits.device)
    padded = logits.new_full((*logits.shape[:-1], largest, largest), -torch.inf)
    padded[..., rows, columns] = logits
    return padded.log_softmax(dim=-1)


def co_membership(count_probabilities: Tensor, index_probabilities: Tensor) -> Tensor:
    """Probability that two objects share a cluster, sum_k P(k) sum_l P(l|i, k) P(l|j, k).

    Args:
        count_probabilities: (b, K), P(k) of each set.
        index_probabilities: (b, n, K, K), P(l | x, k), 0 for l >= k.

    Returns:
        (b, n, n), symmetric, in [0, 1].
    """
    weighted = index_probabilities * count_probabilities[:, None, :, None]
    return weighted.flatten(2) @ index_probabilities.flatten(2).transpose(1, 2)


def pair_weights(same_share: float) -> tuple[float, float]:
    """Weights of pairs in the same and in different clusters, which sum to 2.

    The rarer kind weighs more: the weights are proportional to sqrt(1 - phi) and sqrt(phi).

    Args:
        same_share: phi, the expected share of pairs in the same cluster, in [0, 1].
    """
    same, different = math.sqrt(1 - same_share), math.sqrt(same_share)
    scale = 2 / (same + different)
    return scale * same, scale * different


def pair_loss(co_members: Tensor, partition: Tensor, weights: tuple[float, float]) -> Tensor:
    """Weighted binary cross-entropy of co-membership, over pairs i < j.

    Args:
        co_members: (b, n, n) probabilities, clamped to [1e-7, 1 - 1e-7].
        partition: (b, n) int64.
        weights: of pairs in the same and in different clusters.

    Returns:
        Scalar >= 0, in nats: the mean over the sets of the mean over their pairs. A set without
        pairs is left out.
    """
    same = partition.unsqueeze(2) == partition.unsqueeze(1)
    is_pair = _both_present(partition).triu(diagonal=1)
    probabilities = co_members.clamp(_LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    losses = torch.where(
        same, -weights[0] * probabilities.log(), -weights[1] * (1 - probabilities).log()
    )
    return _mean_of_means(losses.flatten(1), is_pair.flatten(1))


def count_loss(count_log_probabilities: Tensor, partition: Tensor) -> Tensor:
    """Mean of -log P(k) of the known numbers of clusters.

    Args:
        count_log_probabilities: (b, K) natural-log probabilities.
        partition: (b, n) int64, with at most K clusters.

    Returns:
        Scalar >= 0, in nats.
    """
    known = partition.amax(dim=1, keepdim=True)  # k - 1
    return -count_log_probabilities.gather(1, known).mean()


def group_center_loss(states: Tensor, partition: Tensor) -> Tensor:
    """Mean squared difference between the states of objects and the mean of their cluster.

    Gradient flows through states and means.

    Args:
        states: (b, n, d), a vector for each object.
        partition: (b, n) int64.

    Returns:
        Scalar >= 0: the mean over the d values, the objects of a set, and the sets.
    """
    members = _members(partition).to(states.dtype)
    sizes = members.sum(dim=1).clamp_min(1).unsqueeze(2)
    centers = members.transpose(1, 2) @ states / sizes
    squares = (states - members @ centers).square().mean(dim=2)
    return _mean_of_means(squares, partition >= 0)


def embedding_divergence(log_embeddings: Tensor, partition: Tensor, margin: float) -> Tensor:
    """Contrastive Kullback-Leibler divergence of embeddings that are distributions.

    A pair of the same cluster costs KL(p||q) + KL(q||p), another one
    max(0, margin - KL(p||q)) + max(0, margin - KL(q||p)).

    Args:
        log_embeddings: (b, n, d) natural-log probabilities.
        partition: (b, n) int64.
        margin: in nats, >= 0; the source has 2.

    Returns:
        Scalar >= 0: the mean over the sets of the mean over their pairs i < j.

    Source: Lukic, Vogt, Duerr & Stadelmann, MLSP 2017, https://doi.org/10.1109/MLSP.2017.8168166.
    """
    probabilities = log_embeddings.exp()
    entropies = (probabilities * log_embeddings).sum(dim=2).unsqueeze(2)
    divergences = entropies - probabilities @ log_embeddings.transpose(1, 2)
    same = partition.unsqueeze(2) == partition.unsqueeze(1)
    costs = torch.where(same, divergences, (margin - divergences).clamp_min(0))
    both = costs + costs.transpose(1, 2)
    is_pair = _both_present(partition).triu(diagonal=1)
    return _mean_of_means(both.flatten(1), is_pair.flatten(1))


def _members(partition: Tensor) -> Tensor:
    """Return (b, n, n) bool: whether an object belongs to a cluster; numbers are below n."""
    clusters = torch.arange(partition.shape[1], device=partition.device)
    return partition.unsqueeze(2) == clusters


def _both_present(partition: Tensor) -> Tensor:
    is_present = partition >= 0
    return is_present.unsqueeze(2) & is_present.unsqueeze(1)


def _mean_of_means(losses: Tensor, counted: Tensor) -> Tensor:
    """Return the mean over rows of the mean of the counted losses; rows without any are left out.

    Args:
        losses: (b, m).
        counted: (b, m) bool.
    """
    numbers = counted.sum(dim=1)
    means = losses.where(counted, 0).sum(dim=1) / numbers.clamp_min(1)
    return means.sum() / (numbers > 0).sum().clamp_min(1)
