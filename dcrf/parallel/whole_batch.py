"""Functions of layers that see more of a batch than one row, while a process runs its own rows.

Batch normalization normalizes by the statistics of the rows of all processes. Functions that draw
random numbers draw those of all rows in every process, as one process would, so that every process
has the same random generators afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dcrf.parallel.rows import total
from dcrf.parallel.world import World

_DROPOUTS = (
    F.dropout,
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.alpha_dropout,
    F.feature_alpha_dropout,
)
_POSITION_OF_TRAINING = 2
"""Among the arguments of a dropout."""
_ALWAYS_DRAWING = (torch.randn_like, torch.rand_like)
_LAST_AXIS = -1


def can_split(net: nn.Module) -> bool:
    """Whether the rows of a batch can be shared among processes.

    They can unless a layer mixes them in another way than batch normalization, or draws numbers in
    another way than `WholeBatch` knows, such as attention with dropout. A network without
    parameters is not worth it.
    """
    has_parameters = any(True for _ in net.parameters())
    return has_parameters and not any(map(_needs_all_rows, net.modules()))


def _needs_all_rows(layer: nn.Module) -> bool:
    if getattr(layer, "needs_all_rows", False) or getattr(layer, "return_indices", False):
        return True
    axis = getattr(layer, "dim", _LAST_AXIS)
    may_be_first = axis is None or (isinstance(axis, int) and (axis == 0 or axis < _LAST_AXIS))
    is_first = may_be_first or getattr(layer, "start_dim", 1) == 0
    takes_rows_as_steps = getattr(layer, "batch_first", True) is False
    dropout = getattr(layer, "dropout", 0.0)  # of the cells or weights within one function
    draws = layer.training and isinstance(dropout, float) and dropout > 0
    changes_by_rows = getattr(layer, "max_norm", None) is not None or (
        isinstance(layer, nn.modules.instancenorm._InstanceNorm) and layer.track_running_stats
    )
    draws |= isinstance(layer, nn.FractionalMaxPool2d | nn.FractionalMaxPool3d)
    draws |= layer.training and isinstance(layer, nn.RReLU)  # for negative values only
    return is_first or takes_rows_as_steps or draws or changes_by_rows


class WholeBatch(TorchFunctionMode):
    """Inside the block, functions see the rows of all processes where that matters.

    Args:
        world: the processes.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function, or what it is for the rows of all processes."""
        kwargs = kwargs or {}
        if function is F.batch_norm:
            return _batch_norm(self.world, *args, **kwargs)
        drops = function in _DROPOUTS and _is_training(*args, **kwargs)
        if drops or function in _ALWAYS_DRAWING:
            return _on_all_rows(self.world, function, *args, **kwargs)
        return function(*args, **kwargs)


def _is_training(*args: Any, **kwargs: Any) -> bool:
    """Whether a dropout with these arguments draws numbers."""
    given = args[_POSITION_OF_TRAINING:]
    return bool(given[0] if given else kwargs.get("training", True))


def _on_all_rows(
    world: World, function: Callable[..., Tensor], own: Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    """Return the own rows of a function that is called with zeros as the rows of the others."""
    counts = world.gathered_counts(len(own), own.device)
    before, after = sum(counts[: world.rank]), sum(counts[world.rank + 1 :])
    zeros = own.new_zeros(before + after, *own.shape[1:])
    whole = torch.cat([zeros[:before], own, zeros[before:]])
    return function(whole, *args, **kwargs)[before : before + len(own)]


def _batch_norm(
    world: World,
    values: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize values (m, c, ...) of own rows as `F.batch_norm` does those of all processes."""
    if not training:
        return F.batch_norm(
            values, running_mean, running_var, weight, bias, training, momentum, eps
        )
    axes = [0, *range(2, values.ndim)]
    shape = [1, -1, *[1] * (values.ndim - 2)]
    exact = values if values.dtype == torch.float64 else values.float()  # also under autocast
    own_count = torch.tensor([values.numel() // values.shape[1]], device=values.device)
    # sums of many values lose digits in float32
    sums = total(torch.cat([exact.sum(axes, dtype=torch.float64), own_count]), world)
    count = sums[-1].detach()
    mean = (sums[:-1] / count).to(exact.dtype)
    centered = exact - mean.view(shape)
    squares = total(centered.square().sum(axes, dtype=torch.float64), world)
    variance = (squares / count).to(exact.dtype)
    normalized = centered * (variance + eps).rsqrt().view(shape)
    if running_mean is not None and running_var is not None:
        _move(running_mean, mean, momentum)
        _move(running_var, variance * (count / (count - 1)), momentum)
    if weight is not None:
        normalized = normalized * weight.view(shape)
    if bias is not None:
        normalized = normalized + bias.view(shape)
    return normalized.to(values.dtype)


def _move(running: Tensor, value: Tensor, momentum: float) -> None:
    with torch.no_grad():
        running.lerp_(value.to(running.dtype), momentum)
