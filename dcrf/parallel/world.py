"""The processes that run one method together.

All of them run the same program on the same batches with the same random numbers. Networks run on
the rows of a batch, and each process runs its share of them (`rows.py`). Everything else, such as
losses, centroids and optimizers, is computed by every process from the same tensors.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

from dcrf.errors import ProcessError

T = TypeVar("T")
_SHORT = (None, False, True)
"""Values that are sent as one byte, since most decisions between iterations are these."""


@dataclass(frozen=True, slots=True)
class World:
    """The processes of torch's default process group, as one of them sees them.

    rank: of this process, from 0. The first one writes the results.
    size: number of processes.
    sent: bytes that this process has contributed to collectives, by their kind: `gather` or `sum`.
    """

    rank: int
    size: int
    sent: Counter[str] = field(default_factory=Counter, compare=False)

    def counts(self, n: int) -> list[int]:
        """Return the number of rows of every process; they differ by one at most."""
        return [n // self.size + (rank < n % self.size) for rank in range(self.size)]

    def gather(self, own: Tensor, counts: Sequence[int]) -> Tensor:
        """Return the rows of all processes in the order of their ranks.

        Args:
            own: (counts[rank], ...), the rows of this process.
            counts: number of rows of every process.
        """
        most = max(counts)
        # collectives take tensors of one shape
        padded = own.new_zeros(most, *own.shape[1:]) if len(own) < most else own
        if len(own) < most:
            padded[: len(own)] = own
        parts = [torch.empty_like(padded, memory_format=torch.contiguous_format) for _ in counts]
        self._count("gather", padded)
        with _naming_ended_process():
            dist.all_gather(parts, padded.contiguous())
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    def gathered_counts(self, count: int, device: torch.device) -> list[int]:
        """Return a number of every process."""
        return self.gather(torch.tensor([count], device=device), [1] * self.size).tolist()

    def sum(self, own: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes."""
        return self._add_up(own.clone(memory_format=torch.contiguous_format))

    def average(self, own: Iterable[Tensor]) -> list[Tensor]:
        """Return the means of tensors over all processes, by one collective for each dtype."""
        tensors = list(own)
        means: dict[int, Tensor] = {}
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            numbers = [n for n, tensor in enumerate(tensors) if tensor.dtype == dtype]
            flat = torch.cat([tensors[n].reshape(-1) for n in numbers])
            mean = self._add_up(flat).div_(self.size)
            parts = mean.split([tensors[n].numel() for n in numbers])
            means |= {
                n: part.view(tensors[n].shape) for n, part in zip(numbers, parts, strict=True)
            }
        return [means[n] for n in range(len(tensors))]

    def from_first(self, value: T) -> T:
        """Return the value that the first process has given; the others' are ignored."""
        code = next((n for n, known in enumerate(_SHORT) if value is known), len(_SHORT))
        sent = torch.tensor([code], dtype=torch.uint8)
        values = [value]
        with _naming_ended_process():
            dist.broadcast(sent, src=0)
            code = int(sent)
            if code < len(_SHORT):
                return cast(T, _SHORT[code])
            dist.broadcast_object_list(values, src=0)
        return values[0]

    def are_equal(self, digest: str) -> bool:
        """Whether a text is the same in all processes."""
        texts: list[str | None] = [None] * self.size
        with _naming_ended_process():
            dist.all_gather_object(texts, digest)
        return len(set(texts)) == 1

    def _add_up(self, values: Tensor) -> Tensor:
        """Overwrite a contiguous tensor by its sum over all processes, and return it."""
        self._count("sum", values)
        with _naming_ended_process():
            dist.all_reduce(values)
        return values

    def _count(self, kind: str, tensor: Tensor) -> None:
        self.sent[kind] += tensor.numel() * tensor.element_size()


_current: ContextVar[World | None] = ContextVar("processes_of_this_run", default=None)


def current() -> World | None:
    """Return the processes that run together here; None if this process runs by itself."""
    return _current.get()


@contextmanager
def together(world: World | None) -> Iterator[None]:
    """Share the rows of networks among processes inside the block.

    All processes must then run the same networks in the same order.
    """
    token = _current.set(world)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def alone() -> Iterator[None]:
    """Run networks by this process alone inside the block, as to write files."""
    with together(None):
        yield


def averaged(own: Iterable[Tensor]) -> list[Tensor]:
    """Return the means of tensors over all processes, such as of their gradients."""
    world = current()
    return list(own) if world is None else world.average(own)


def agreed(value: T) -> T:
    """Return the value that the first process has given, in every process."""
    world = current()
    return value if world is None else world.from_first(value)


@contextmanager
def _naming_ended_process() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ProcessError("another process of this run has ended or does not answer") from error
