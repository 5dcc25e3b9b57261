"""Modules whose tensors get their shapes during training."""

from typing import Any

from torch import Tensor, nn


class SizedLater(nn.Module):
    """A module whose parameters and buffers are empty until data determine their shapes.

    Loading adopts the sizes of the saved tensors where the present ones are 0; a tensor of shape
    (0,) adopts any shape. An initialized parameter stays the same object, so that optimizers and
    their momentum remain valid.
    """

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            saved = state_dict.get(f"{prefix}{name}")
            if tensor is not None and saved is not None and _can_become(tensor, saved):
                tensor.data = tensor.new_empty(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *others)


def _can_become(tensor: Tensor, saved: Tensor) -> bool:
    """Whether a tensor can adopt a saved shape: its sizes above 0 stay."""
    if tensor.shape == (0,):
        return True
    pairs = zip(tensor.shape, saved.shape, strict=False)
    return tensor.ndim == saved.ndim and all(own in (0, size) for own, size in pairs)
