"""What a data set will hold, found out without reading its samples."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dcrf.data.arrays import as_samples, check_labels, holds_images
from dcrf.data.headers import npy_header, npz_headers
from dcrf.data.known_sets import known_set
from dcrf.data.raw import MOST_VALUES, RawData, select
from dcrf.errors import DataError

Options = Mapping[str, Any]

# Of images whose size is not known: a transform that fixes the size makes the same of all.
_SOME_SIZES = ((57, 83), (131, 96))


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of samples that have not been read.

    n_samples: None where it is not known.
    examples: what samples are like, uint8 images (C, H, W) or float32; several where their size
        is not known, none where nothing is.
    has_labels: None where it is not known.
    """

    n_samples: int | None
    examples: tuple[Tensor, ...]
    has_labels: bool | None


def outline(source: str, dataset: str, options: Options, parts: Sequence[Options] = ()) -> Outline:
    """Return what is known of a data set; of array files only the headers are read.

    Raises:
        DataError: the data set is not what it should be.
    """
    found = [_part(source, dataset, {**options, **part}) for part in parts or ({},)]
    shapes = {tuple(example.shape for example in part.examples) for part in found}
    sizes = [part.n_samples for part in found if part.n_samples is not None]
    labels = {part.has_labels for part in found}
    return Outline(
        sum(sizes) if len(sizes) == len(found) else None,
        found[0].examples if len(shapes) == 1 else (),
        False if False in labels else (None if None in labels else True),
    )


def selected(n_samples: int, first: int | None, last: int | None) -> int:
    """Return how many samples a range leaves.

    Raises:
        DataError: nothing is left, or the range reaches beyond the data.
    """
    return len(select(RawData(range(n_samples), None), first, last).samples)


def _part(source: str, dataset: str, options: Options) -> Outline:
    if source == "npz":
        return _npz(options)
    if source == "npy":
        return _npy(options)
    known = known_set(source, dataset, options)
    if known is None:
        return Outline(None, (), None)
    shape = known.shape
    plain = [n for n in shape if n is not None]
    shapes = [plain] if len(plain) == len(shape) else [[*plain, *size] for size in _SOME_SIZES]
    kind = torch.float32 if source == "sklearn" else torch.uint8
    examples = tuple(_example(one, kind) for one in shapes)
    return Outline(known.size(options), examples, known.has_labels(options))


def _npz(options: Options) -> Outline:
    keys = options.get("samples_key", "samples"), options.get("labels_key", "labels")
    with _naming(options["path"]):
        headers = npz_headers(Path(options["path"]), *keys)
        return _of_headers(headers[keys[0]], headers.get(keys[1]))


def _npy(options: Options) -> Outline:
    labels = None
    if (labels_path := options.get("labels_path")) is not None:
        with _naming(labels_path):
            labels = npy_header(Path(labels_path))
    with _naming(options["path"]):
        return _of_headers(npy_header(Path(options["path"])), labels)


@contextmanager
def _naming(file: str) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _of_headers(samples: np.ndarray, labels: np.ndarray | None) -> Outline:
    """Return what arrays without content tell, by the rules for those with content."""
    shape = as_samples(samples).shape
    if labels is not None:
        check_labels(labels, shape[0])
    kind = torch.uint8 if holds_images(samples) else torch.float32
    return Outline(shape[0], (_example(shape[1:], kind),), labels is not None)


def _example(shape: Sequence[int], kind: torch.dtype) -> Tensor:
    if math.prod(shape) > MOST_VALUES:
        raise DataError(f"a sample has the shape {tuple(shape)}: more than {MOST_VALUES} values")
    return torch.zeros(*shape, dtype=kind)
