"""Let layers act on the CPU too where only shapes are tried, since torch checks less for those."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

_MOST_ELEMENTS = 2**22  # of all tensors in a call: 16 MiB
_MOST_PRODUCTS = 2**32  # of a convolution: seconds
_ITEM = torch.ops.aten._local_scalar_dense.default
_CONVOLUTION = torch.ops.aten.convolution.default


class CpuError(RuntimeError):
    """What torch can do on a device without memory, it cannot do on the CPU."""


class Trial(TorchDispatchMode):
    """Repeats with zeros on the CPU what layers do on the device `meta`, where that is little.

    Args:
        running: the modules that are running, from the outermost.
        layers: the modules whose calls are repeated, with all that is inside them.

    is_on: whether anything is repeated. One number of a tensor, as a layer's count of batches,
        is 1 in any case.
    """

    def __init__(self, running: Sequence[tuple[nn.Module, Any]], layers: Iterable[nn.Module]):
        super().__init__()
        self.running, self.layers, self.is_on = running, set(layers), False

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function, on the CPU as well where that is due.

        Raises:
            CpuError: it fails there alone.
        """
        kwargs = kwargs or {}
        is_in_layer = any(module in self.layers for module, _ in self.running)
        if is_in_layer and func is _ITEM and args[0].is_meta:
            return torch.ones((), dtype=args[0].dtype).item()
        outputs = func(*args, **kwargs)
        if is_in_layer and self.is_on:
            tensors = [t for t in tree_leaves((args, kwargs, outputs)) if isinstance(t, Tensor)]
            if any(t.is_meta for t in tensors) and _is_little(func, tensors):
                _repeat(func, args, kwargs)
        return outputs


def _is_little(func: Callable[..., Any], tensors: Sequence[Tensor]) -> bool:
    sizes = [tensor.numel() for tensor in tensors]
    if func is _CONVOLUTION and max(sizes) * tensors[1][0].numel() > _MOST_PRODUCTS:
        return False
    return sum(sizes) <= _MOST_ELEMENTS


def _repeat(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    args, kwargs = tree_map(_on_cpu, (args, kwargs))
    try:
        func(*args, **kwargs)
    except Exception as error:
        raise CpuError(str(error)) from error


def _on_cpu(value: Any) -> Any:
    if isinstance(value, Tensor) and value.is_meta:
        return torch.zeros(value.shape, dtype=value.dtype)
    return torch.device("cpu") if value == torch.device("meta") else value
