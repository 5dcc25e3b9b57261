"""Unpooling to the positions of the maxima."""

import math
from typing import ClassVar

from torch import Size, Tensor, nn

from dcrf.mappings.pool_indices import record_indices, recorded_indices

_AXES: tuple[tuple[type[nn.Module], int], ...] = (
    (nn.MaxPool1d, 1),
    (nn.MaxPool2d, 2),
    (nn.MaxPool3d, 3),
)


class UnpoolByIndices(nn.Module):
    """Undoes a MaxPool: values return to the positions of the maxima, all others are 0.

    The pool may stand earlier in the same mapping or in another one, such as the encoder whose
    codes a decoder takes. The positions are those of the pass that the input comes from, so codes
    must come from the mapping with the pool unchanged, and cluster centers cannot be decoded.

    Shapes:
        the output of the pool -> the input of the pool

    Args:
        pool: the layer to undo. In a file: its name, or `mapping.layer` if several mappings have
            a layer of that name.

    Raises:
        TypeError: the layer is not a MaxPool.
        ValueError: the input does not follow from a pass through the pool, or has another shape.

    Source: Zeiler & Fergus, ECCV 2014, section 2.1, https://arxiv.org/abs/1311.2901
    """

    replaces: ClassVar[tuple[str, ...]] = ("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d")
    undoes: ClassVar[str] = "pool"
    needs_all_rows: ClassVar[bool] = True

    def __init__(self, *, pool: nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d) -> None:
        super().__init__()
        if not isinstance(pool, nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d):
            raise TypeError(f"{pool} is not a MaxPool")
        self.axes = next(axes for kind, axes in _AXES if isinstance(pool, kind))
        self._key = record_indices(pool)

    def forward(self, values: Tensor) -> Tensor:
        """Return values of the shape of the pool's input for those of its output."""
        recorded = recorded_indices(self._key)
        if recorded is None:
            raise ValueError("its input does not come, unchanged, from a pass through the pool")
        indices, size = recorded
        if values.shape != indices.shape:
            raise ValueError(f"the pool gave shape {tuple(indices.shape)}")
        return _unpooled(values, indices, size, self.axes)


def _unpooled(values: Tensor, indices: Tensor, size: Size, axes: int) -> Tensor:
    """Return zeros of a size with values at flat indices of the last axes."""
    plane = size[-axes:]
    zeros = values.new_zeros(*size[:-axes], math.prod(plane))
    return zeros.scatter(-1, indices.flatten(-axes), values.flatten(-axes)).unflatten(-1, plane)
