"""Raw data: what a source hands over, before any view of it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset, Subset

from dcrf.errors import DataError


class Samples(Protocol):
    """An indexable of samples. A tensor is one; others decode sample i when they are asked."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class RawData:
    """Samples and what is known of their classes.

    samples: a tensor, or an indexable that decodes sample i to a PIL image or a tensor. Tensors
        of uint8, (N, C, H, W) with 1, 3 or 4 channels, are images; tensors of float32,
        (N, *sample_shape), are taken as they are. A tensor may lie in a file that is mapped for
        reading only: whoever writes to it ends the process.
    labels: (N,) int64, any integers; None where there are none.
    """

    samples: Samples
    labels: np.ndarray | None


def concatenate(parts: Sequence[RawData]) -> RawData:
    """Put parts behind one another. Where one part has no labels, the whole has none."""
    if len(parts) == 1:
        return parts[0]
    labels = [part.labels for part in parts if part.labels is not None]
    complete = len(labels) == len(parts)
    return RawData(
        _concatenate_samples([part.samples for part in parts]),
        np.concatenate(labels) if complete else None,
    )


def select(raw: RawData, first: int | None, last: int | None) -> RawData:
    """Keep the samples from index `first` to index `last`, both inclusive; either may be None.

    Raises:
        DataError: nothing is left, or the range reaches beyond the data.
    """
    size = len(raw.samples)
    start, end = first or 0, size - 1 if last is None else last
    if not 0 <= start <= end < size:
        raise DataError(
            f"the samples from index {start} to {end} were asked for, but there are {size} "
            f"samples; indices go from 0 to {size - 1}"
        )
    if (start, end) == (0, size - 1):
        return raw
    kept = slice(start, end + 1)
    samples: Samples = (
        raw.samples[kept]
        if isinstance(raw.samples, Tensor)
        else Subset(cast(Dataset, raw.samples), range(start, end + 1))
    )
    return RawData(samples, None if raw.labels is None else raw.labels[kept])


def _concatenate_samples(parts: list[Samples]) -> Samples:
    tensors = [part for part in parts if isinstance(part, Tensor)]
    alike = len({(tensor.dtype, tensor.shape[1:]) for tensor in tensors}) == 1
    if len(tensors) == len(parts) and alike:
        return torch.cat(tensors)
    return ConcatDataset(cast(list[Dataset], parts))
