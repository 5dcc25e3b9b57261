"""Modules with buffers that are computed during training."""

from torch import Tensor, nn


class LateBuffers(nn.Module):
    """A module whose buffers are None until they are computed, and part of its state.

    They are in the extra state, because `load_state_dict` cannot restore a buffer that is None.

    late_buffers: their names.
    """

    late_buffers: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        for name in self.late_buffers:
            self.register_buffer(name, None, persistent=False)

    def get_extra_state(self) -> dict[str, Tensor | None]:
        """Return the late buffers by name."""
        return {name: self.get_buffer(name) for name in self.late_buffers}

    def set_extra_state(self, state: dict[str, Tensor | None]) -> None:
        """Restore `get_extra_state`'s result."""
        for name in self.late_buffers:
            self.register_buffer(name, state[name], persistent=False)
