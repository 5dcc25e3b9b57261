"""Samples such that every cluster occurs equally often (DeepCluster)."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from dcrf.data.sampling.base import Sampling


class BalancedOverClusters(Sampling):
    """Every non-empty cluster gives an epoch of N samples the same number of them, or one more.

    In a cluster, no sample occurs again before all others have. Samples are shuffled while they
    have no clusters; noise is left out as long as any sample has one.

    Source: Caron, Bojanowski, Joulin, Douze, ECCV 2018, section 3.3 (trivial parametrization),
        https://arxiv.org/abs/1807.05520. The authors' code draws with replacement from clusters
        smaller than their share.
    """

    is_fixed = False
    repeats_samples = True
    needs_clusters = True

    def order(self, n_samples: int, generator: Generator, clusters: Tensor | None) -> Tensor:
        """Return (n_samples,) samples in random order, balanced over their clusters."""
        if clusters is None or bool((clusters < 0).all()):
            return torch.randperm(n_samples, generator=generator)
        groups = _by_cluster(clusters)
        share, rest = divmod(n_samples, len(groups))
        has_one_more = torch.randperm(len(groups), generator=generator) < rest
        samples = torch.cat(
            [
                _in_turns(members, share + more, generator)
                for members, more in zip(groups, has_one_more.tolist(), strict=True)
            ]
        )
        return samples[torch.randperm(n_samples, generator=generator)]


def _by_cluster(clusters: Tensor) -> Sequence[Tensor]:
    """Return the samples of each non-empty cluster, without noise."""
    order = clusters.argsort(stable=True)
    _, counts = clusters.unique(return_counts=True)
    groups = order.split(counts.tolist())
    return groups[1:] if clusters[order[0]] < 0 else groups


def _in_turns(members: Tensor, number: int, generator: Generator) -> Tensor:
    """Return (number,) members: all of them in turns, and a random part of them in the last one."""
    turns, rest = divmod(number, len(members))
    last = members[torch.randperm(len(members), generator=generator)[:rest]]
    return torch.cat([members.repeat(turns), last])
