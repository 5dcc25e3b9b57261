"""Positions of maxima that pooling layers choose, passed on to the layers that undo them.

They travel with the tensors that follow from a pass: a mapping's output carries those of its own
pools and of its input. So batches, views and cached passes cannot mix, and a tensor that was made
in another way, such as a mixture of codes, has none.
"""

from contextvars import ContextVar
from functools import partial
from itertools import count
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dcrf.mappings.tensor_pass import TensorPass

MaxPool = nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d


class PoolIndices(NamedTuple):
    """One pass through a pool.

    indices: of each maximum in its flattened plane of the pool's input, shaped as the output.
    input_size: shape of the pool's input.
    """

    indices: Tensor
    input_size: torch.Size


_ON_TENSOR = "_indices_of_pools"
_ON_POOL = "key_of_indices"
_keys = count()
_current: ContextVar[dict[int, PoolIndices] | None] = ContextVar("indices_of_pools", default=None)


def record_indices(pool: MaxPool) -> int:
    """Let a pool record its indices in every pass of a mapping; return the key to them."""
    if not hasattr(pool, _ON_POOL):
        setattr(pool, _ON_POOL, next(_keys))
        pool.return_indices = True
        pool.register_forward_hook(partial(_record, getattr(pool, _ON_POOL)))
    return getattr(pool, _ON_POOL)


def recorded_indices(key: int) -> PoolIndices | None:
    """Return the indices of a pool for the input of the pass that is running, None without any."""
    return (_current.get() or {}).get(key)


class PoolPass(TensorPass[dict[int, PoolIndices] | None]):
    """A pass of a mapping, in which its layers read and record the indices of pools."""

    def __init__(self, inputs: Tensor) -> None:
        super().__init__(_current, dict(getattr(inputs, _ON_TENSOR, {})))

    def kept_with(self, outputs: Tensor) -> Tensor:
        """Return the output of the pass, which carries all indices from now on."""
        if self._value:
            setattr(outputs, _ON_TENSOR, self._value)
        return outputs


def _record(
    key: int, pool: nn.Module, inputs: tuple[Tensor], outputs: tuple[Tensor, Tensor]
) -> Tensor:
    """Take the indices out of the two outputs of a pool, as a forward hook."""
    values, indices = outputs
    records = _current.get()
    if records is not None:
        records[key] = PoolIndices(indices, inputs[0].shape)
    return values
