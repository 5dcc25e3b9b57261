"""Which samples make up which batch: decided here alone, whatever reads the samples."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import torch
from torch import Tensor

from dcrf.batch import Clock
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

_PASS_STREAM = "sweep"  # part of the seed of random views: another word gives other bytes
_PASS_BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class Loading:
    """How samples become batches.

    batch_size: samples in a batch of training; data passes take at least 256.
    shuffle: a new order in every epoch.
    drop_last: leave out an epoch's incomplete last batch; otherwise a last batch of one sample
        joins the one before.
    num_workers, pin_memory: as in torch's DataLoader, for data that do not fit into memory.
    device: where batches go.
    """

    batch_size: int
    shuffle: bool = False
    drop_last: bool = True
    num_workers: int = 0
    pin_memory: bool = False
    device: str | torch.device = "cpu"


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """A batch to be made. `purpose` sets its random draws apart, together with the clock."""

    purpose: str
    clock: Clock
    indices: Tensor


def check_batch_size(n_samples: int, loading: Loading) -> None:
    """Raise DataError if training would have no batch at all."""
    if loading.drop_last and loading.batch_size > n_samples:
        raise DataError(
            f"{n_samples} samples make no complete batch of {loading.batch_size}, and incomplete "
            f'ones are left out; set "batch_size" to at most {n_samples} or "drop_last" to false'
        )


def batch_sizes(n_samples: int, loading: Loading) -> list[int]:
    """Return the numbers of samples in the batches of an epoch."""
    whole, rest = divmod(n_samples, loading.batch_size)
    sizes = [loading.batch_size] * whole + [rest] * (rest > 0 and not loading.drop_last)
    if len(sizes) > 1 and sizes[-1] == 1:
        sizes[-2:] = [sizes[-2] + 1]
    return sizes


def pass_batch_size(loading: Loading) -> int:
    """Return the number of samples in a batch of a data_pass."""
    return max(loading.batch_size, _PASS_BATCH_SIZE)


def pass_sizes(n_samples: int, loading: Loading) -> list[int]:
    """Return the numbers of samples in the batches of a data_pass, of all of them.

    As in training a last sample does not come alone, since a layer may need two.
    """
    size = pass_batch_size(loading)
    return batch_sizes(n_samples, replace(loading, batch_size=size, drop_last=False))


def training_plans(
    n_samples: int, loading: Loading, streams: RandomStreams, purpose: str, done: int = 0
) -> Iterator[BatchPlan]:
    """Yield the batches of one epoch after another, without end.

    With `shuffle` each epoch has a permutation of its own, from the stream ("order", purpose,
    epoch); otherwise samples come in index order. The first `done` batches are left out, which
    takes no longer than an epoch's order.
    """
    sizes = batch_sizes(n_samples, loading)
    for epoch in count(1 + done // len(sizes)):
        order = torch.arange(n_samples)
        if loading.shuffle:
            generator = streams.generator("order", purpose, epoch)
            order = torch.randperm(n_samples, generator=generator)
        for number, indices in enumerate(order[: sum(sizes)].split(sizes), start=1):
            iteration = (epoch - 1) * len(sizes) + number
            if iteration > done:
                yield BatchPlan(purpose, Clock(epoch, iteration, number == len(sizes)), indices)


def pass_plans(indices: Tensor, loading: Loading) -> Iterator[BatchPlan]:
    """Yield batches that cover the samples at `indices`, (m,) int64, in this order."""
    batches = indices.split(pass_sizes(len(indices), loading))
    for number, part in enumerate(batches, start=1):
        yield BatchPlan(_PASS_STREAM, Clock(1, number, number == len(batches)), part)
