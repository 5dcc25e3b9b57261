"""Read numpy's files, and reject headers that claim too much.

numpy allocates the memory that a header claims before it reads the numbers. Here a header is
compared with the size of its file first.
"""

import io
import math
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from dcrf.errors import DataError, OptionError, cause_of
from dcrf.safety.limits import NPZ_MEMBERS_LISTED, NUMPY_HEADER_BYTES
from dcrf.safety.memory import free_memory, gib, unpacked_size
from dcrf.safety.reading_errors import READING_ERRORS

_SPARSE = {"data", "format", "shape"}  # members of every file of scipy.sparse.save_npz


def npz_headers(
    path: Path, keys: Mapping[str, str], may_be_missing: tuple[str, str]
) -> Mapping[str, np.ndarray]:
    """Return arrays of an `.npz` file, without content or memory, by their names in the file.

    Args:
        path: the file.
        keys: option of the method file -> name of the array.
        may_be_missing: the option and name of an array that need not exist.

    Raises:
        DataError: the file is missing, not an archive of arrays, or smaller than a header claims.
        OptionError: a named array is missing.
    """
    with _archive(path) as archive:
        members = _members(archive)
        for option, key in keys.items():
            if key not in members and (option, key) != may_be_missing:
                raise _missing(option, key, members)
        wanted = members.keys() & set(keys.values())
        return {key: _member_header(archive, members[key]) for key in wanted}


def npz_arrays(path: Path) -> Mapping[str, np.ndarray]:
    """Return the arrays of an `.npz` file without content; members that are not arrays are omitted.

    Raises:
        DataError: the file is missing or not an archive of arrays.
    """
    arrays: dict[str, np.ndarray] = {}
    with _archive(path) as archive:
        for name in islice(archive.namelist(), NPZ_MEMBERS_LISTED):
            with suppress(DataError, *READING_ERRORS):
                arrays[name.removesuffix(".npy")] = _member_header(archive, name)
    return arrays


def load_npz(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Return arrays of an `.npz` file whose headers `npz_headers` has accepted, by their names.

    Raises:
        DataError: the file exceeds the free memory, or an array cannot be read.
    """
    if (size := unpacked_size(path)) > free_memory():
        raise DataError(f"the arrays would take {gib(size)} of memory")
    with reading("plain arrays"), path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        return {name: archive[name] for name in names}


def npy_header(path: Path) -> np.ndarray:
    """Return the array of an `.npy` file without content or memory.

    Raises:
        DataError: the file is missing, not an array, or smaller than its header claims.
    """
    _check_file(path)
    with reading("a plain array"), path.open("rb") as file:
        if zipfile.is_zipfile(file):
            raise DataError('an archive of arrays, which "source": "npz" reads')
        file.seek(0)
        return _header(file, path.stat().st_size)


@contextmanager
def reading(kind: str) -> Iterator[None]:
    """Raise numpy's errors as a DataError.

    Args:
        kind: the expected content, as `a plain array`.
    """
    try:
        yield
    except (*READING_ERRORS, MemoryError) as error:
        raise DataError(f"cannot be read as {kind} ({_cause(error)})") from error


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    _check_file(path)
    with reading("plain arrays"):
        if not zipfile.is_zipfile(path):
            raise DataError(
                'not an archive of arrays; "source": "npy" reads a single array, and '
                "numpy.savez(path, samples=...) writes an archive"
            )
        with zipfile.ZipFile(path) as archive:
            yield archive


def _cause(error: Exception) -> str:
    text = str(error)
    if any(word in text for word in ("allow_pickle", "<ast.", "magic string")):
        # numpy's text explains how to run the code in the file
        return "not an array, or an array of objects that are not numbers"
    return cause_of(error) if isinstance(error, MemoryError) else text


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataError("not a regular file" if path.exists() else "the file does not exist")


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return name of an array -> name of its member; numpy prefers the name without a suffix."""
    names = archive.namelist()
    return {name.removesuffix(".npy"): name for name in names} | {name: name for name in names}


def _missing(option: str, key: str, members: Mapping[str, str]) -> DataError:
    names = list(dict.fromkeys(name.removesuffix(".npy") for name in members.values()))
    if names and set(names) >= _SPARSE:
        return DataError(
            "a sparse matrix of scipy; save it dense: "
            "numpy.savez(path, samples=scipy.sparse.load_npz(path).toarray().astype('float32'))"
        )
    return OptionError(option, f"no array {key}; the file has: {', '.join(names)}", key, names)


def _member_header(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    with archive.open(member) as file:
        return _header(file, archive.getinfo(member).file_size)


def _header(file: IO[bytes], size: int) -> np.ndarray:
    """Return an array with the shape and type of a header, if `size` bytes can hold it."""
    beginning = io.BytesIO(file.read(NUMPY_HEADER_BYTES))
    version = npy.read_magic(beginning)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers that Python 2 wrote
        shape, _, dtype = read(beginning)
    if dtype.hasobject:
        raise DataError(
            "an array of Python objects (dtype object), which is not read; convert it to numbers "
            "before saving: numpy.array(values.tolist())"
        )
    claimed, available = math.prod(shape) * dtype.itemsize, size - beginning.tell()
    if claimed > available:
        raise ValueError(f"{shape} of {dtype} takes {claimed} bytes, but the file has {available}")
    return np.broadcast_to(np.zeros((), dtype), shape)
