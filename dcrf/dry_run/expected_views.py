"""What the transforms of a view make of samples that are like examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from dcrf.builder.components import At
from dcrf.config.method_config import Options
from dcrf.data.transforms.build import TRANSFORM_ERRORS
from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

Shape = tuple[int, ...]

_LARGE = (4096, 5120)  # of images: what needs a large one does not fail on it


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error, and the index of the first transform that fails; None if the result is bad."""

    error: Exception
    index: int | None


def view_shape(
    examples: Sequence[Tensor], transforms: Sequence[Options], draws: int, path: str, at: At
) -> Shape | None:
    """Return the shape that a view gives every sample; None where that is not known.

    Args:
        examples: of one kind of samples, uint8 images (C, H, W) or float32; several where their
            size is not known: then a problem is what fails in the same place on all of them.
        transforms: entries of the view.
        draws: how many draws of a random view must have the same shape.
        path: the JSON path of the transforms.
        at: what becomes of the problem.
    """
    found = [_outcome(transforms, example, draws) for example in examples]
    shapes = {one for one in found if not isinstance(one, _Failure)}
    failures = [one for one in found if isinstance(one, _Failure)]
    if not failures:
        return shapes.pop() if len(shapes) == 1 else None
    first, index = failures[0], failures[0].index
    if shapes or any(failure.index != index for failure in failures):
        return None
    if len(examples) > 1 and index is not None:
        large = examples[0][:, :1, :1].expand(-1, *_LARGE)
        if _failing(transforms[: index + 1], large, 1) != index:
            return None
    with at(path if index is None else f"{path}[{index}]"):
        raise first.error
    return None


def different(one: Shape, other: Shape) -> DataError:
    """Return the error of samples whose shapes differ."""
    return DataError(
        f"samples would have different shapes, as {one} and {other}; bring all to one size"
    )


def _outcome(transforms: Sequence[Options], example: Tensor, draws: int) -> Shape | _Failure:
    try:
        return _tried(transforms, example, draws)
    except (DataError, *TRANSFORM_ERRORS) as error:
        return _Failure(error, _failing(transforms, example, draws))


def _tried(transforms: Sequence[Options], example: Tensor, draws: int) -> Shape:
    """Return the shape that a view gives samples like this one.

    Raises:
        DataError: the transforms do not fit the sample, or give shapes that differ.
    """
    view = View(transforms, RandomStreams(0), example)
    if view.is_batched and draws > 1:
        return tuple(view.of_batch(example.expand(draws, *example.shape).clone(), ()).shape[1:])
    shapes = [tuple(view.of_sample(example, (draw,)).shape) for draw in range(draws)]
    for shape in shapes:
        if shape != shapes[0]:
            raise different(shapes[0], shape)
    return shapes[0]


def _failing(transforms: Sequence[Options], example: Tensor, draws: int) -> int | None:
    """Return the index of the first transform that fails; None where the result is at fault."""
    for index in range(len(transforms)):
        try:
            _tried(transforms[: index + 1], example, draws)
        except TRANSFORM_ERRORS:
            return index
        except DataError as error:
            if str(error).startswith(("transform ", "the transforms fail")):
                return index
    return None
