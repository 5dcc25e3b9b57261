"""What a data set will hold, found out without reading its samples."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dcrf.data.sources.arrays import as_samples, check_labels, holds_images
from dcrf.data.sources.raw_data import RawData, select
from dcrf.data.sources.torchvision_facts import known_set
from dcrf.errors import DataError, OptionError
from dcrf.safety.limits import SAMPLE_VALUES
from dcrf.safety.numpy_headers import npy_header, npz_headers

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


UNKNOWN = Outline(None, (), None)


def outline(source: str, dataset: str, options: Options) -> Outline:
    """Return what is known of a data set, or a part of one.

    Of array files only the headers are read, and folders of images are listed.

    Raises:
        DataError: the data set is not what it should be; an `OptionError` where one of the
            options is at fault.
    """
    if source == "npz":
        return _npz(options)
    if source == "npy":
        return _npy(options)
    known = known_set(source, dataset, options)
    if known is None:
        return UNKNOWN
    shape = known.shape
    plain = [n for n in shape if n is not None]
    shapes = [plain] if len(plain) == len(shape) else [[*plain, *size] for size in _SOME_SIZES]
    kind = torch.float32 if source == "sklearn" else torch.uint8
    examples = tuple(_example(one, kind) for one in shapes)
    return Outline(known.size(options), examples, known.has_labels(options))


def together(parts: Sequence[Outline]) -> Outline:
    """Return what is known of parts behind one another, without examples: they may differ."""
    sizes = [part.n_samples for part in parts if part.n_samples is not None]
    labels = {part.has_labels for part in parts}
    return Outline(
        sum(sizes) if len(sizes) == len(parts) else None,
        (),
        False if False in labels else (None if None in labels else True),
    )


def within(parts: Sequence[Outline], first: int | None, last: int | None) -> list[Outline]:
    """Return the parts that samples of a range come from; all, where sizes are not known."""
    kept, begin = [], 0
    for part in parts:
        if part.n_samples is None:
            return list(parts)
        end = begin + part.n_samples
        if end > (first or 0) and (last is None or begin <= last):
            kept.append(part)
        begin = end
    return kept


def selected(n_samples: int, first: int | None, last: int | None) -> int:
    """Return how many samples a range leaves.

    Raises:
        DataError: nothing is left, or the range reaches beyond the data.
    """
    return len(select(RawData(range(n_samples), None), first, last).samples)


def _npz(options: Options) -> Outline:
    keys = options.get("samples_key", "samples"), options.get("labels_key", "labels")
    with _naming("path", options["path"]):
        headers = npz_headers(Path(options["path"]), *keys)
        found = _of_samples(headers[keys[0]])
    with _naming("labels_key", options["path"]):
        return _with_labels(found, headers.get(keys[1]))


def _npy(options: Options) -> Outline:
    with _naming("path", options["path"]):
        found = _of_samples(npy_header(Path(options["path"])))
    if (labels_path := options.get("labels_path")) is None:
        return found
    with _naming("labels_path", labels_path):
        return _with_labels(found, npy_header(Path(labels_path)))


@contextmanager
def _naming(key: str, file: str) -> Iterator[None]:
    """Say of what is wrong with a file which one it is, and which option."""
    try:
        yield
    except OptionError as error:
        raise OptionError(error.key, f"{file}: {error}", error.given, error.known) from error
    except DataError as error:
        raise OptionError(key, f"{file}: {error}") from error


def _of_samples(samples: np.ndarray) -> Outline:
    """Return what an array without content tells, by the rules for those with content."""
    size, *shape = as_samples(samples).shape
    kind = torch.uint8 if holds_images(samples) else torch.float32
    return Outline(size, (_example(shape, kind),), has_labels=False)


def _with_labels(found: Outline, labels: np.ndarray | None) -> Outline:
    if labels is None or found.n_samples is None:
        return found
    check_labels(labels, found.n_samples)
    return replace(found, has_labels=True)


def _example(shape: Sequence[int], kind: torch.dtype) -> Tensor:
    if math.prod(shape) > SAMPLE_VALUES:
        raise DataError(f"a sample has the shape {tuple(shape)}: more than {SAMPLE_VALUES} values")
    return torch.zeros(*shape, dtype=kind)
