"""The source `hdf5`: arrays of samples and labels in a file of HDF5."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from dcrf.data.sources.arrays import (
    is_image_array,
    labels_array,
    naming,
    naming_option,
    notes_on,
    outline_of_arrays,
    samples_tensor,
    with_labels,
)
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError, OptionError
from dcrf.extras import optional_package
from dcrf.safety.limits import SAMPLES_IN_MEMORY_BYTES
from dcrf.safety.memory import gib
from dcrf.safety.reading_errors import READING_ERRORS

_MAY_BE_MISSING = "labels"
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Hdf5:
    """Arrays in a file of HDF5.

    Images (uint8, shapes as in `Npz`) and float32 that are stored in one piece, without chunks or
    compression, are mapped: a batch reads its samples from the file. Others become float32, or
    images, in memory.

    dataset: the name for errors.
    path: the file.
    samples_key: path of the array of samples in the file.
    labels_key: path of the array of labels, (N,) integers. An array `labels` may be missing.
    """

    dataset: str
    _: KW_ONLY
    path: str
    samples_key: str = "samples"
    labels_key: str = _MAY_BE_MISSING

    def open(self) -> RawData:
        """Map or read the samples, and read the labels.

        Raises:
            DataError: h5py, the file or an array is missing, or is not data. Or samples that are
                not mapped would take more than `SAMPLES_IN_MEMORY_BYTES`.
        """
        with naming(f"data set {self.dataset} in {self.path}"), self._opened() as file:
            array, is_mapped = self._samples(_array(file, "samples_key", self.samples_key))
            samples = samples_tensor(array)
            notes, files = notes_on(array), [self.path] if is_mapped else []
            if not self._has_labels(file):
                return RawData(samples, None, notes, files)
            stored = _array(file, "labels_key", self.labels_key)
            labels_array(_header(stored), len(samples))
            return RawData(samples, labels_array(stored[()], len(samples)), notes, files)

    def outline(self) -> Outline:
        """Return the outline that the headers in the file give.

        Raises:
            OptionError: h5py, the file or an array is missing, or is not data.
        """
        with naming_option("path", self.path), self._opened() as file:
            outline = outline_of_arrays(_header(_array(file, "samples_key", self.samples_key)))
            if not self._has_labels(file):
                return outline
            labels = _array(file, "labels_key", self.labels_key)
            with naming_option("labels_key", self.labels_key):
                return with_labels(outline, _header(labels))

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """Open the file, and raise the errors of h5py as a DataError."""
        h5py = optional_package("h5py", "hdf5")
        path = Path(self.path)
        if not path.is_file():
            raise DataError("not a regular file" if path.exists() else "the file does not exist")
        try:
            with h5py.File(path, "r") as file:
                yield file
        except (*READING_ERRORS, MemoryError) as error:
            raise DataError(f"cannot be read as arrays of HDF5 ({error})") from error

    def _has_labels(self, file: Any) -> bool:
        return self.labels_key != _MAY_BE_MISSING or self.labels_key in file

    def _samples(self, stored: Any) -> tuple[np.ndarray, bool]:
        """Return the samples, and whether they are mapped."""
        header = _header(stored)
        outline_of_arrays(header)
        can_be_mapped = stored.dtype == np.float32 or is_image_array(header)
        offset = stored.id.get_offset()
        if can_be_mapped and offset is not None:
            return np.memmap(self.path, stored.dtype, "r", offset, stored.shape), True
        size = prod(stored.shape) * (1 if is_image_array(header) else 4)
        if size > SAMPLES_IN_MEMORY_BYTES:
            raise DataError(
                f"samples of type {stored.dtype} would take {gib(size)} of memory; save them as "
                "float32 or uint8 images without chunks or compression, which are not read into "
                "memory"
            )
        return stored[()], False


def _array(file: Any, option: str, key: str) -> Any:
    """Return an array of the file itself, not of another file that it leads to.

    Raises:
        OptionError: it is missing, in another file, or not an array.
    """
    h5py = optional_package("h5py", "hdf5")
    names = [name for name in key.split("/") if name]
    place = file
    for depth, name in enumerate(names, 1):
        if not isinstance(place, h5py.Group) or name not in place.keys():  # noqa: SIM118 - no lookup
            known = _arrays(file)
            listed = ", ".join(known) or "no arrays"
            raise OptionError(option, f"no array {key}; the file has: {listed}", key, known)
        if not isinstance(place.get(name, getlink=True), h5py.HardLink):
            raise OptionError(option, f"{'/'.join(names[:depth])} is a link, which is not followed")
        place = place[name]
    if not isinstance(place, h5py.Dataset) or place.shape is None:
        raise OptionError(option, f"{key} is not an array", key, _arrays(file))
    if place.is_virtual or place.external:
        raise OptionError(option, f"{key} is stored in other files, which are not read")
    return place


def _arrays(file: Any) -> Sequence[str]:
    """Return the paths of the first arrays in a file."""
    h5py = optional_package("h5py", "hdf5")
    paths: list[str] = []

    def visit(name: str, item: Any) -> bool | None:
        if isinstance(item, h5py.Dataset):
            paths.append(name)
        return True if len(paths) == _LISTED else None

    file.visititems(visit)
    return paths


def _header(stored: Any) -> np.ndarray:
    """Return an array without content or memory."""
    if stored.dtype.hasobject:
        raise DataError(f"{stored.name} holds texts or other objects; expected numbers")
    return np.broadcast_to(np.zeros((), stored.dtype), stored.shape)
