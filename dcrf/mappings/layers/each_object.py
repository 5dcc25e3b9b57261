"""A network for each object of a set."""

from collections.abc import Sequence

from torch import Tensor, nn

from dcrf.mappings.absent_objects import present_objects

_SET_AXES = 2  # set, object


class EachObject(nn.Module):
    """Runs layers on every object of a set, such as an image, as if objects were samples.

    Objects that only fill up a shorter set are left out, so that they do not count in the
    statistics of batch normalization. Their outputs are 0.

    Shapes:
        (n, objects, *object_shape) -> (n, objects, *output_shape)

    Args:
        layers: run in sequence on (m, *object_shape), all objects of all sets.

    Raises:
        ValueError: no layers, or an input without an axis of objects.

    Source: Meier, Elezi, Amirian, Duerr & Stadelmann, ANNPR 2018, the embedding network,
        https://arxiv.org/abs/1807.04001
    """

    def __init__(self, *, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        if isinstance(layers, nn.Module) or not layers:
            raise ValueError("layers: expected a list of at least one layer")
        self.layers = nn.Sequential(*layers)

    def forward(self, values: Tensor) -> Tensor:
        """Return the outputs (n, objects, ...) of the layers for objects (n, objects, ...)."""
        if values.ndim <= _SET_AXES:
            raise ValueError("it takes sets of shape (objects, ...)")
        is_present = present_objects()
        if is_present is None or values.is_meta:  # their number is a value, which meta tensors lack
            return self.layers(values.flatten(0, 1)).unflatten(0, values.shape[:2])
        outputs = self.layers(values[is_present])
        whole = outputs.new_zeros(*is_present.shape, *outputs.shape[1:])
        return whole.masked_scatter(_like(is_present, whole), outputs)


def _like(is_present: Tensor, values: Tensor) -> Tensor:
    """Return a mask (n, objects) with as many axes as the values."""
    return is_present.reshape(*is_present.shape, *[1] * (values.ndim - _SET_AXES)).expand_as(values)
