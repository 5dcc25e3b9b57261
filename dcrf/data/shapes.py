"""What a data set will hold, found out without reading its samples."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from dcrf.data.arrays import as_samples, check_labels, holds_images, missing_arrays
from dcrf.data.known_sets import known_set
from dcrf.data.raw import READING_ERRORS, RawData, select
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
    examples = tuple(torch.zeros(one, dtype=kind) for one in shapes)
    return Outline(known.size(options), examples, known.has_labels(options))


def _npz(options: Options) -> Outline:
    path = Path(options["path"])
    headers = _npz_headers(path)
    samples_key = options.get("samples_key", "samples")
    labels_key = options.get("labels_key", "labels")
    if absent := missing_arrays(headers, samples_key, labels_key):
        found = ", ".join(headers)
        raise DataError(f"{path} has no array {', '.join(absent)}; it has: {found}")
    return _of_headers(headers[samples_key], headers.get(labels_key))


def _npy(options: Options) -> Outline:
    labels_path = options.get("labels_path")
    labels = None if labels_path is None else _npy_header(Path(labels_path))
    return _of_headers(_npy_header(Path(options["path"])), labels)


def _of_headers(samples: np.ndarray, labels: np.ndarray | None) -> Outline:
    """Return what arrays without content tell, by the rules for those with content."""
    shape = as_samples(samples).shape
    if labels is not None:
        check_labels(labels, shape[0])
    kind = torch.uint8 if holds_images(samples) else torch.float32
    return Outline(shape[0], (torch.zeros(shape[1:], dtype=kind),), labels is not None)


def _npz_headers(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            return {name.removesuffix(".npy"): _opened(archive, name) for name in names}
    except READING_ERRORS as error:
        raise DataError(f"{path} cannot be read as plain arrays ({error})") from error


def _opened(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as file:
        return _header(file)


def _npy_header(path: Path) -> np.ndarray:
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    try:
        with path.open("rb") as file:
            return _header(file)
    except READING_ERRORS as error:
        raise DataError(f"{path} cannot be read as a plain array ({error})") from error


def _header(file: Any) -> np.ndarray:
    """Return an array of the shape and type in a header, which takes no memory."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return np.broadcast_to(np.zeros((), dtype), shape)
