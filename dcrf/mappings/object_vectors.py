"""Outputs of mappings that run on sets."""

from torch import Tensor

from dcrf.errors import OutputShapeError
from dcrf.mappings.mapping import TrainableMapping

_SETS = 3  # axes: set, object, feature


def object_vectors(mapping: TrainableMapping, sets: Tensor) -> Tensor:
    """Return the output (b, n, d) of a mapping on sets (b, n, *object_shape).

    Raises:
        OutputShapeError: it is not a vector for each object.
    """
    vectors = mapping(sets)
    if vectors.ndim != _SETS or vectors.shape[:2] != sets.shape[:2]:
        raise OutputShapeError(
            mapping,
            f"a vector for each object is needed, but {sets.shape[1]} objects have an output of "
            f"shape {tuple(vectors.shape[1:])}",
        )
    return vectors
