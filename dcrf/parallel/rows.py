"""The rows of a tensor among processes, differentiable.

A tensor that every process has is replicated: its gradient is the true one, in every process. A
tensor of own rows belongs to one process, and its gradient is `size` times the true one. So the
mean over processes of the gradients of parameters is the true gradient, whether a process has used
them for its own rows or for all of them. Backward passes are made of the same functions, so that
gradients can be differentiated again.
"""

from typing import Any

from torch import Tensor
from torch.autograd import Function

from dcrf.parallel.world import World


def gather(own: Tensor, n: int, world: World) -> Tensor:
    """Return the rows (n, ...) of all processes for the own ones of each.

    Args:
        own: (world.counts(n)[world.rank], ...).
        n: the number of all rows.
        world: the processes.
    """
    return _Gather.apply(own, n, world)


def own_rows(values: Tensor, world: World) -> Tensor:
    """Return the own rows of a tensor (n, ...) that every process has."""
    return _OwnRows.apply(values, world)


def total(own: Tensor, world: World) -> Tensor:
    """Return the sum over processes of a tensor that is computed from own rows."""
    return _Total.apply(own, world)


def bounds(n: int, world: World) -> slice:
    """Return the positions of the own rows among n rows."""
    counts = world.counts(n)
    start = sum(counts[: world.rank])
    return slice(start, start + counts[world.rank])


class _Gather(Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor, n: int, world: World) -> Tensor:
        ctx.world = world
        return world.gather(own, world.counts(n))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.world.size * own_rows(gradient, ctx.world), None, None


class _OwnRows(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, world: World) -> Tensor:
        ctx.n, ctx.world = len(values), world
        return values[bounds(len(values), world)].clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gather(gradient, ctx.n, ctx.world) / ctx.world.size, None


class _Total(Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor, world: World) -> Tensor:
        ctx.world = world
        return world.sum(own)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return total(gradient, ctx.world), None
