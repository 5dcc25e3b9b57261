"""The data source of clustering problems."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.random import Generator, default_rng
from torch import Tensor

from dcrf.batch import NO_FACTS, Batch, Clock, ProblemBatch, SideTargets, with_presence
from dcrf.data.batch_order import ClustersOf, Loading, batch_sizes, no_clusters, pass_sizes
from dcrf.data.problems.problems import Drawn, ProblemMaker
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

_PROBLEMS_FOR_SHARE = 4000
"""Problems from which the share of pairs in one cluster is estimated; its error is about 0.005."""


class ProblemSource:
    """Clustering problems: new ones in each training batch, and always the same in evaluations.

    Args:
        name: name of the data set, for errors and random streams.
        maker: makes the problems.
        n_samples: number of problems of an evaluation, and of an epoch.
        loading: batch size and device; incomplete batches are dropped in training.
        streams: source of all random numbers.
        notes: sentences for the user about these data.

    Raises:
        DataError: an epoch has fewer problems than a batch.
    """

    facts = NO_FACTS

    def __init__(
        self,
        name: str,
        maker: ProblemMaker,
        n_samples: int,
        loading: Loading,
        streams: RandomStreams,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.name, self.maker, self.n_samples, self.notes = name, maker, n_samples, notes
        self._loading = loading
        self._streams = RandomStreams(streams.seed_for("data", name))

    @cached_property
    def same_share(self) -> float:
        """The expected share of pairs of objects in the same cluster, in [0, 1]."""
        drawn = self.maker.draw(_PROBLEMS_FOR_SHARE, self._random("share"))
        return _mean_same_share(drawn.partition)

    def batches(
        self,
        views: Collection[str] = (),
        purpose: str = "",
        done: int = 0,
        clusters_of: ClustersOf = no_clusters,
    ) -> Iterator[tuple[Clock, Batch]]:
        """Yield an endless sequence of batches of new problems, each with its clock.

        Args:
            views: the named views of the objects to compute besides the default one.
            purpose: part of all seeds, such as the name of a phase.
            done: number of batches to skip.
            clusters_of: not called.
        """
        length = len(batch_sizes(self.n_samples, self._loading))
        for iteration in count(done + 1):
            epoch, place = divmod(iteration - 1, length)
            clock = Clock(epoch + 1, iteration, place == length - 1)
            drawn = self.maker.draw(self._loading.batch_size, self._random(purpose, iteration))
            indices = torch.arange(self._loading.batch_size)
            yield clock, self._batch(indices, drawn, views, purpose, clock, self.same_share)

    def companions(
        self, purpose: str, clock: Clock, indices: Tensor, view: str | None = None
    ) -> Tensor:
        """Raise DataError: problems have no companions."""
        raise DataError(f"data set {self.name} has clustering problems, which have no companions")

    def side_targets(self, indices: Tensor) -> SideTargets:
        """Raise DataError: problems have no side targets."""
        raise DataError(f"data set {self.name} has no side targets")

    def data_pass(self, fn: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
        """Apply `fn` to the problems of evaluations in batches, without gradient.

        Args:
            fn: maps a batch of b problems to (b, ...).
            indices: (m,) int64, numbers of problems, at least one.

        Returns:
            (m, ...), the rows of `fn` in the order of `indices`.
        """
        parts = indices.split(pass_sizes(len(indices), self._loading))
        with torch.no_grad():
            return torch.cat([fn(self._fixed_batch(part)) for part in parts])

    def labels(self) -> np.ndarray:
        """Return the partitions (N, n) of the problems of evaluations; -1 where no object is."""
        return self._labels

    def fingerprint(self) -> Mapping[str, Any]:
        """Return plain values that identify the objects, for checkpoints."""
        return self.maker.fingerprint()

    def changes_since(self, fingerprint: Mapping[str, Any]) -> list[str]:
        """Return a phrase for each change of the objects since `fingerprint`."""
        now = self.fingerprint()
        changed = [key for key in now if now[key] != fingerprint.get(key)]
        return [f"{key}: {fingerprint.get(key)!r} before, now {now[key]!r}" for key in changed]

    @cached_property
    def _labels(self) -> np.ndarray:
        return self._draw_fixed(torch.arange(self.n_samples)).partition.numpy()

    def _fixed_batch(self, indices: Tensor) -> ProblemBatch:
        """Return problems of evaluations; their random views have the same draws every time."""
        drawn = self._draw_fixed(indices)
        return self._batch(indices, drawn, (), "evaluation", Clock(1, 1), math.nan)

    def _draw_fixed(self, indices: Tensor) -> Drawn:
        """Draw problems of evaluations, each from a stream of its own."""
        drawn = [self.maker.draw(1, self._random("evaluation", i)) for i in indices.tolist()]
        objects = torch.cat([problem.objects for problem in drawn])
        return Drawn(objects, torch.cat([problem.partition for problem in drawn]))

    def _batch(
        self,
        indices: Tensor,
        drawn: Drawn,
        views: Collection[str],
        purpose: str,
        clock: Clock,
        same_share: float,
    ) -> ProblemBatch:
        device = self._loading.device
        partition = drawn.partition.to(device)
        default, *named = (
            self._filled_up(self.maker.samples(drawn, purpose, clock, view).to(device), partition)
            for view in (None, *views)
        )
        return ProblemBatch(
            indices.to(device),
            default,
            dict(zip(views, named, strict=True)),
            partition=partition,
            same_share=same_share,
        )

    def _filled_up(self, samples: Tensor, partition: Tensor) -> Tensor:
        """Return samples that carry which objects are present, unless all are."""
        is_present = partition >= 0
        return samples if is_present.all() else with_presence(samples, is_present)

    def _random(self, *purpose: object) -> Generator:
        return default_rng(self._streams.seed_for("problems", *purpose))


def _mean_same_share(partition: Tensor) -> float:
    """Return the mean over problems of the share of pairs of objects in the same cluster.

    Args:
        partition: (b, n) int64; problems of fewer than two objects are left out.
    """
    sizes = torch.stack([(partition == k).sum(1) for k in range(int(partition.max()) + 1)], dim=1)
    pairs = sizes.sum(1) * (sizes.sum(1) - 1)
    same = (sizes * (sizes - 1)).sum(1)
    shares = same[pairs > 0] / pairs[pairs > 0]
    return float(shares.double().mean()) if len(shares) else 1.0
