"""Which objects of a set are present, passed on to the layers that look at whole sets.

Sets of a batch are filled up to one length. The mask travels with the tensors that follow from a
pass, as the indices of pools do: a mapping's output carries that of its input if it is still a
batch of the same sets.
"""

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self

from torch import Tensor

from dcrf.batch import presence_of, with_presence

_SET_AXES = 2  # set, object
_current: ContextVar[Tensor | None] = ContextVar("presence_of_objects", default=None)


def present_objects() -> Tensor | None:
    """Return which objects (b, n) are present in the pass that is running; None if all are."""
    return _current.get()


class SetPass:
    """A pass of a mapping, in which its layers know which objects of its input are present."""

    def __init__(self, inputs: Tensor) -> None:
        self._is_present = presence_of(inputs)
        self._token: Token | None = None

    def __enter__(self) -> Self:
        """Start the pass."""
        self._token = _current.set(self._is_present)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Return to the pass around this one."""
        if self._token is not None:
            _current.reset(self._token)

    def kept_with(self, outputs: Tensor) -> Tensor:
        """Return the output of the pass, which carries the mask if it has the same sets."""
        mask = self._is_present
        if mask is not None and outputs.ndim > _SET_AXES and outputs.shape[:2] == mask.shape:
            return with_presence(outputs, mask)
        return outputs
