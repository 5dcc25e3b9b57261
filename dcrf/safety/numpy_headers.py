"""What headers of numpy's files say of arrays, believed only as far as it can be true."""

import io
import math
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from dcrf.errors import DataError, OptionError, cause_of
from dcrf.safety.limits import NUMPY_HEADER_BYTES
from dcrf.safety.reading_errors import READING_ERRORS


def npz_headers(path: Path, samples_key: str, labels_key: str) -> Mapping[str, np.ndarray]:
    """Return samples and labels of an `.npz` file without their content, which take no memory.

    An array called `labels` may be absent.

    Raises:
        DataError: the file is missing or is none, or is smaller than its header says; an
            `OptionError` where an array is missing.
    """
    _check_file(path)
    with reading("plain arrays"):
        if not zipfile.is_zipfile(path):
            raise DataError(
                'no archive of arrays; "source": "npy" reads a single array, and '
                "numpy.savez(path, samples=...) makes an archive"
            )
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            for option, key in (("samples_key", samples_key), ("labels_key", labels_key)):
                if key not in members and (option, key) != ("labels_key", "labels"):
                    found = f"no array {key}; the file has: {', '.join(members)}"
                    raise OptionError(option, found, key, list(members))
            wanted = members.keys() & {samples_key, labels_key}
            return {key: _header_within(archive, members[key]) for key in wanted}


def npy_header(path: Path) -> np.ndarray:
    """Return the array of an `.npy` file without its content, which takes no memory.

    Raises:
        DataError: the file is missing or holds none, or is smaller than its header says.
    """
    _check_file(path)
    with reading("a plain array"), path.open("rb") as file:
        if zipfile.is_zipfile(file):
            raise DataError('an archive of arrays, which "source": "npz" reads')
        file.seek(0)
        return _header(file, path.stat().st_size)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what numpy says of a file into a DataError."""
    try:
        yield
    except (*READING_ERRORS, MemoryError) as error:
        raise DataError(f"cannot be read as {what} ({_cause(error)})") from error


def _cause(error: Exception) -> str:
    said = str(error)
    if any(word in said for word in ("allow_pickle", "<ast.", "magic string")):
        return "it is no array, or holds more than numbers"  # numpy says how to run the code in it
    return cause_of(error) if isinstance(error, MemoryError) else said


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataError("there is no such file")


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return name of an array -> name of its member; where both fit, numpy takes the shorter."""
    names = archive.namelist()
    return {name.removesuffix(".npy"): name for name in names} | {name: name for name in names}


def _header_within(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    with archive.open(member) as file:
        return _header(file, archive.getinfo(member).file_size)


def _header(file: IO[bytes], size: int) -> np.ndarray:
    """Return an array of the shape and type in a header, if a file of `size` bytes can hold it."""
    beginning = io.BytesIO(file.read(NUMPY_HEADER_BYTES))
    version = npy.read_magic(beginning)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files that were written by Python 2
        shape, _, dtype = read(beginning)
    claimed, found = math.prod(shape) * dtype.itemsize, size - beginning.tell()
    if claimed > found:
        raise ValueError(f"{shape} of {dtype} takes {claimed} bytes, and there are {found}")
    return np.broadcast_to(np.zeros((), dtype), shape)
