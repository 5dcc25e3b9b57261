"""Which objects of a set are present, passed on to the layers that look at whole sets.

Sets of a batch are filled up to one length. The mask travels with the tensors that follow from a
pass, as the indices of pools do: a mapping's output carries that of its input if it is still a
batch of the same sets.
"""

from contextvars import ContextVar

from torch import Tensor

from dcrf.batch import presence_of, with_presence
from dcrf.mappings.tensor_pass import TensorPass

_SET_AXES = 2  # set, object
_current: ContextVar[Tensor | None] = ContextVar("presence_of_objects", default=None)


def present_objects() -> Tensor | None:
    """Return which objects (b, n) are present in the pass that is running; None if all are."""
    return _current.get()


class SetPass(TensorPass[Tensor | None]):
    """A pass of a mapping, in which its layers know which objects of its input are present."""

    def __init__(self, inputs: Tensor) -> None:
        super().__init__(_current, presence_of(inputs))

    def kept_with(self, outputs: Tensor) -> Tensor:
        """Return the output of the pass, which carries the mask if it has the same sets."""
        mask = self._value
        if mask is not None and outputs.ndim > _SET_AXES and outputs.shape[:2] == mask.shape:
            return with_presence(outputs, mask)
        return outputs
