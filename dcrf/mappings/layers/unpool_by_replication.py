"""Unpooling by replication."""

from typing import ClassVar

from torch import Tensor, nn

_KINDS = (
    (1, (nn.MaxPool1d, nn.AvgPool1d)),
    (2, (nn.MaxPool2d, nn.AvgPool2d)),
    (3, (nn.MaxPool3d, nn.AvgPool3d)),
)
"""Pairs of a number of axes and the pools that have so many."""


class UnpoolByReplication(nn.Module):
    """Undoes the size of a pool: repeats every value along each axis as often as its stride.

    This is nearest upsampling by the stride. The output has the size of the pool's input if the
    windows tile that input without overlap or remainder.

    Shapes:
        (n, c, *size) -> (n, c, *(size * stride))

    Args:
        pool: the layer whose stride counts. In a file: its name, or `mapping.layer` if several
            mappings have a layer of that name.

    Raises:
        TypeError: the layer is not a MaxPool or AvgPool.

    Source: Aljalbout et al. 2018, https://arxiv.org/abs/1801.07648
    """

    undoes: ClassVar[str] = "pool"
    needs_tiling: ClassVar[bool] = True

    def __init__(
        self,
        *,
        pool: nn.MaxPool1d
        | nn.MaxPool2d
        | nn.MaxPool3d
        | nn.AvgPool1d
        | nn.AvgPool2d
        | nn.AvgPool3d,
    ) -> None:
        super().__init__()
        axes = next((axes for axes, kinds in _KINDS if isinstance(pool, kinds)), None)
        if axes is None:
            raise TypeError(f"{pool} is not a MaxPool or AvgPool")
        stride = pool.stride
        self.factors = (stride,) * axes if isinstance(stride, int) else tuple(stride)

    def forward(self, values: Tensor) -> Tensor:
        """Return repeated values (n, c, *larger_size) for values (n, c, *size)."""
        for axis, factor in enumerate(reversed(self.factors), start=1):
            values = values.repeat_interleave(factor, dim=-axis)
        return values

    def extra_repr(self) -> str:
        """Return the factors."""
        return f"factors={self.factors}"
