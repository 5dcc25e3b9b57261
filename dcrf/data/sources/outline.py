"""The outline of a data set: number, shape and type of its samples before they are read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dcrf.data.sources.raw_data import RawData, select
from dcrf.errors import DataError
from dcrf.safety.limits import SAMPLE_VALUES

# Two sizes that stand for images of any size: a transform that fixes the size treats both alike.
_ANY_SIZES = ((57, 83), (131, 96))


@dataclass(frozen=True, slots=True)
class Outline:
    """Properties of samples that have not been read.

    n_samples: their number; None if unknown.
    examples: zeros with the shape and type of a sample: images (C, H, W) of uint8, or float32.
        Two examples of different size if images may have any size; empty if nothing is known.
    has_labels: None if unknown.
    notes: sentences for the user about the data.
    origins: the samples that have the examples' shapes, such as files, one for each example. Empty
        if examples only stand for samples.
    """

    n_samples: int | None
    examples: tuple[Tensor, ...]
    has_labels: bool | None
    notes: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


UNKNOWN = Outline(None, (), None)


def examples_of(shape: Sequence[int | None], dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Return examples of a sample.

    Args:
        shape: of a sample; (C, None, None) if images have any size.
        dtype: of a sample, uint8 or float32.

    Raises:
        DataError: a sample would have more than `SAMPLE_VALUES` values.
    """
    fixed = [length for length in shape if length is not None]
    if len(fixed) < len(shape):
        return tuple(torch.zeros(*fixed, *size, dtype=dtype) for size in _ANY_SIZES)
    if math.prod(fixed) > SAMPLE_VALUES:
        raise DataError(f"a sample has the shape {tuple(fixed)}: more than {SAMPLE_VALUES} values")
    return (torch.zeros(*fixed, dtype=dtype),)


def concatenated(parts: Sequence[Outline]) -> Outline:
    """Return the outline of concatenated parts, without examples, which may differ."""
    sizes = [part.n_samples for part in parts if part.n_samples is not None]
    labels = {part.has_labels for part in parts}
    return Outline(
        sum(sizes) if len(sizes) == len(parts) else None,
        (),
        False if False in labels else (None if None in labels else True),
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def parts_in_range(
    parts: Sequence[Outline], first: int | None, last: int | None
) -> Sequence[Outline]:
    """Return the parts that hold samples of a range; all parts if a size is unknown."""
    in_range, begin = [], 0
    for part in parts:
        if part.n_samples is None:
            return parts
        end = begin + part.n_samples
        if end > (first or 0) and (last is None or begin <= last):
            in_range.append(part)
        begin = end
    return in_range


def size_of_range(n_samples: int, first: int | None, last: int | None) -> int:
    """Return the number of samples in a range.

    Raises:
        DataError: the range is empty or exceeds the data.
    """
    return len(select(RawData(range(n_samples), None), first, last).samples)
