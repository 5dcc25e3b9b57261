"""Raw data: samples and labels as a source returns them, before any view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset, Subset

from dcrf.errors import DataError

Encoding = Mapping[str, Any]
"""Values that a source has fitted to data, as JSON. Only sources of one `x-encoding` read them."""


class Samples(Protocol):
    """A sequence of samples: a tensor, or an object that decodes sample i on access."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class RawData:
    """Samples, and labels for evaluation.

    samples: a tensor, or a sequence that decodes sample i to a PIL image or a tensor. Tensors
        of uint8, (N, C, H, W) with 1, 3 or 4 channels, are images. Tensors of float32,
        (N, *sample_shape), are used unchanged. A tensor may be mapped from a read-only file:
        writing to it ends the process.
    labels: (N,) int64, any integers; None without labels.
    notes: sentences for the user about the data, such as why labels are ignored.
    files: the files that samples are read from on access, if known.
    ids: a name for every sample, which results show beside its number; None if they have none.
    columns: the names of the d columns of samples (N, d) before any step, such as columns of a
        table or terms of texts; None if they have none.
    encoding: JSON of the values that the source has fitted to these data, from which it encodes
        new data alike; None if it fits nothing.
    provenance: how pretrained networks have computed the samples, as plain values.
    """

    samples: Samples
    labels: np.ndarray | None
    notes: tuple[str, ...] = ()
    files: Sequence[str | Path] = ()
    ids: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    encoding: Encoding | None = None
    provenance: tuple[Mapping[str, Any], ...] = ()


Arrays = Mapping[str, RawData]
"""Name in a method -> data handed over in Python."""

NO_ARRAYS: Arrays = MappingProxyType({})


def concatenate(parts: Sequence[RawData]) -> RawData:
    """Concatenate parts. If one part has no labels, the result has none and a note says so.

    Parts that have fitted their own values have no common encoding.
    """
    if len(parts) == 1:
        return parts[0]
    labels = [part.labels for part in parts if part.labels is not None]
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    if 0 < len(labels) < len(parts):
        missing = ", ".join(f"parts[{i}]" for i, part in enumerate(parts) if part.labels is None)
        notes[f"no labels in {missing}, so the labels of the other parts are not used"] = None
    return RawData(
        _concatenate_samples([part.samples for part in parts]),
        np.concatenate(labels) if len(labels) == len(parts) else None,
        tuple(notes),
        [file for part in parts for file in part.files],
        _concatenate_ids(parts),
        parts[0].columns if all(part.columns == parts[0].columns for part in parts) else None,
        parts[0].encoding if all(part.encoding == parts[0].encoding for part in parts) else None,
        tuple(provenance for part in parts for provenance in part.provenance),
    )


def select(raw: RawData, first: int | None, last: int | None) -> RawData:
    """Keep the samples from index `first` to index `last`, both inclusive; either may be None.

    Raises:
        DataError: the range is empty or exceeds the data.
    """
    size = len(raw.samples)
    start, end = first or 0, size - 1 if last is None else last
    if not 0 <= start <= end < size:
        raise DataError(
            f"the range from index {start} to {end} does not fit {size} samples, whose indices "
            f"go from 0 to {size - 1}"
        )
    if (start, end) == (0, size - 1):
        return raw
    in_range = slice(start, end + 1)
    samples: Samples = (
        raw.samples[in_range]
        if isinstance(raw.samples, Tensor)
        else Subset(cast(Dataset, raw.samples), range(start, end + 1))
    )
    labels = None if raw.labels is None else raw.labels[in_range]
    ids = None if raw.ids is None else raw.ids[in_range]
    return replace(raw, samples=samples, labels=labels, ids=ids)


def _concatenate_ids(parts: Sequence[RawData]) -> Sequence[str] | None:
    """Return the ids of all parts, None if one part has none."""
    ids = [part.ids for part in parts if part.ids is not None]
    return list(chain.from_iterable(ids)) if len(ids) == len(parts) else None


def _concatenate_samples(parts: list[Samples]) -> Samples:
    tensors = [part for part in parts if isinstance(part, Tensor)]
    alike = len({(tensor.dtype, tensor.shape[1:]) for tensor in tensors}) == 1
    if len(tensors) == len(parts) and alike:
        return torch.cat(tensors)
    return ConcatDataset(cast(list[Dataset], parts))
