"""The samples of each batch and their order, independent of how samples are read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import torch
from torch import Tensor

from dcrf.batch import Clock
from dcrf.data.sampling.base import Sampling
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

_PASS_PURPOSE = "sweep"  # part of the seeds of random views, so a new word changes results
_PASS_BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class Loading:
    """Batch size, order and device of the batches of a data set.

    batch_size: samples in a training batch; data passes use at least 256.
    sampling: the samples of an epoch and their order.
    drop_last: leave out the incomplete last batch of an epoch; otherwise a last batch of one
        sample is merged with the previous batch.
    num_workers, pin_memory: as in torch's DataLoader, for data that do not fit into memory.
    device: the device of the batches.
    """

    batch_size: int
    sampling: Sampling = field(default_factory=Sampling)
    drop_last: bool = True
    num_workers: int = 0
    pin_memory: bool = False
    device: str | torch.device = "cpu"


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The samples of a batch. The purpose and the clock seed its random views.

    first_place: number of the first sample in the batch if samples may repeat in an epoch. Each
        place then has draws of its own. None if each sample has one draw per epoch.
    """

    purpose: str
    clock: Clock
    indices: Tensor
    first_place: int | None = None

    def draws(self) -> Iterator[tuple[object, ...]]:
        """Yield the words that seed the random views of each sample."""
        for number, index in enumerate(self.indices.tolist()):
            if self.first_place is None:
                yield self.purpose, self.clock.epoch, index
            else:
                place = self.first_place + number
                yield self.purpose, self.clock.epoch, self.clock.iteration, place

    def split(self, n_parts: int) -> Iterator["BatchPlan"]:
        """Yield at most `n_parts` parts of similar size; the samples keep their places."""
        start = 0
        for part in self.indices.tensor_split(min(n_parts, len(self.indices))):
            place = None if self.first_place is None else self.first_place + start
            yield replace(self, indices=part, first_place=place)
            start += len(part)


def check_batch_size(n_samples: int, loading: Loading) -> None:
    """Raise DataError if an epoch has no complete batch and incomplete ones are dropped."""
    if loading.drop_last and loading.batch_size > n_samples:
        raise DataError(
            f"{n_samples} samples are fewer than a batch of {loading.batch_size}, and incomplete "
            f'batches are dropped; set "batch_size" to at most {n_samples} or "drop_last" to false'
        )


def unused_samples_note(n_samples: int, loading: Loading) -> tuple[str, ...]:
    """Return a sentence if some samples are in no training batch of any epoch, else nothing."""
    unused = n_samples - sum(batch_sizes(n_samples, loading))
    if not loading.sampling.is_fixed or not unused:
        return ()
    return (
        f"the last {unused} of {n_samples} samples ({100 * unused / n_samples:.2g} %) are in no "
        f"training batch (batch_size {loading.batch_size}, drop_last true, the same order in every "
        'epoch); set "sampling" to "shuffled" or "drop_last" to false',
    )


def batch_sizes(n_samples: int, loading: Loading) -> list[int]:
    """Return the sizes of the batches of an epoch."""
    whole, rest = divmod(n_samples, loading.batch_size)
    sizes = [loading.batch_size] * whole + [rest] * (rest > 0 and not loading.drop_last)
    if len(sizes) > 1 and sizes[-1] == 1:
        sizes[-2:] = [sizes[-2] + 1]
    return sizes


def pass_batch_size(loading: Loading) -> int:
    """Return the batch size of a data pass."""
    return max(loading.batch_size, _PASS_BATCH_SIZE)


def pass_sizes(n_samples: int, loading: Loading) -> list[int]:
    """Return the sizes of the batches of a data pass over `n_samples` samples.

    As in training, no batch has a single sample unless it is the only one: some layers need two.
    """
    size = pass_batch_size(loading)
    return batch_sizes(n_samples, replace(loading, batch_size=size, drop_last=False))


ClustersOf = Callable[[int], Tensor | None]
"""Epoch that starts -> the cluster (n,) of each sample then, None if samples cannot be assigned."""


def no_clusters(epoch: int) -> None:
    """Return None: samples cannot be assigned."""


def training_epochs(
    n_samples: int,
    loading: Loading,
    streams: RandomStreams,
    purpose: str,
    done: int = 0,
    clusters_of: ClustersOf = no_clusters,
) -> Iterator[Iterator[BatchPlan]]:
    """Yield the training batches of each epoch, endlessly, without the first `done` batches.

    The stream ("order", purpose, epoch) orders the samples of an epoch. Skipping batches costs at
    most the order of one epoch.

    Args:
        n_samples: of the data set.
        loading: batch size and sampling.
        streams: of the data set.
        purpose: part of all seeds.
        done: number of batches to skip.
        clusters_of: called when an epoch starts, if the sampling needs clusters.
    """
    sizes, sampling = batch_sizes(n_samples, loading), loading.sampling
    for epoch in count(1 + done // len(sizes)):
        clusters = clusters_of(epoch) if sampling.needs_clusters else None
        order = sampling.order(n_samples, streams.generator("order", purpose, epoch), clusters)
        batches = order[: sum(sizes)].split(sizes)
        first_place = 0 if sampling.repeats_samples else None
        plans = _epoch_plans(purpose, epoch, batches, first_place)
        yield (plan for plan in plans if plan.clock.iteration > done)


def _epoch_plans(
    purpose: str, epoch: int, batches: Sequence[Tensor], first_place: int | None
) -> Iterator[BatchPlan]:
    for number, indices in enumerate(batches, start=1):
        iteration = (epoch - 1) * len(batches) + number
        clock = Clock(epoch, iteration, number == len(batches))
        yield BatchPlan(purpose, clock, indices, first_place)


def pass_plans(indices: Tensor, loading: Loading) -> Iterator[BatchPlan]:
    """Yield the batches of a data pass over the samples at `indices`, (m,) int64, in this order."""
    batches = indices.split(pass_sizes(len(indices), loading))
    for number, part in enumerate(batches, start=1):
        yield BatchPlan(_PASS_PURPOSE, Clock(1, number, number == len(batches)), part)
