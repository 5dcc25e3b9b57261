"""Modules whose tensors get their shapes during training."""

from typing import Any

from torch import nn


class SizedLater(nn.Module):
    """A module whose parameters and buffers are empty until data determine their shapes.

    Loading adopts the shapes of the saved tensors. An initialized parameter stays the same object,
    so that optimizers and their momentum remain valid.
    """

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            saved = state_dict.get(f"{prefix}{name}")
            if tensor is not None and saved is not None and saved.shape != tensor.shape:
                tensor.data = tensor.new_empty(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *others)
