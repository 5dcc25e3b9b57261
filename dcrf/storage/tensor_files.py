"""Tensors in files: written whole or not at all, read without running code."""

import io
import pickle
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import torch

from dcrf.errors import DataError, first_line
from dcrf.safety.limits import PICKLE_BYTES
from dcrf.safety.memory import free_memory, gib, unpacked_size
from dcrf.safety.pickle_scan import check_pickle
from dcrf.storage.atomic_files import write_atomically

_ARCHIVE, _PICKLE = b"PK\x03\x04", "data.pkl"


def save_tensors(content: dict[str, Any], file: Path) -> None:
    """Write tensors by name to a file; the same content gives the same bytes."""
    write_atomically(file, to_bytes(content))


def read_tensors(file: Path) -> dict[Any, Any]:
    """Read what `save_tensors` wrote.

    Raises:
        DataError: the file cannot be read, holds something else, or would fill the memory.
    """
    if file.exists() and not file.is_file():  # a pipe and a device may have no end
        raise DataError(f"cannot read tensors from {file}: it is no regular file")
    try:
        with file.open("rb") as stream:
            return _read(stream, str(file), "cpu")
    except OSError as error:
        raise DataError(f"cannot read tensors from {file}: {error}") from error


def to_bytes(content: dict[str, Any]) -> bytes:
    """Return what a file of these tensors holds."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def from_bytes(content: bytes, name: str, device: str) -> dict[Any, Any]:
    """Read what `to_bytes` made.

    Args:
        content: the bytes.
        name: what to call them in an error.
        device: where the tensors go.

    Raises:
        DataError: it is something else, or would fill the memory.
    """
    return _read(io.BytesIO(content), name, device)


def _read(stream: BinaryIO, name: str, device: str) -> dict[Any, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is not as it should be is an error below
            _check(stream)
            stream.seek(0)
            content = torch.load(stream, map_location=device, weights_only=True)
    except Exception as error:  # of a damaged file anything can come, as struct.error
        cause = first_line(error)
        if isinstance(error, pickle.UnpicklingError | LookupError):  # torch says how to run code
            cause = "it is no file of tensors, or holds more than tensors"
        raise DataError(f"cannot read tensors from {name}: {cause}") from error
    if not isinstance(content, dict):
        raise DataError(f"{name} holds no tensors by name")
    return dict(dict.items(content))  # its own `items` may be anything that the file has


def _check(stream: BinaryIO) -> None:
    """Raise for an archive that torch had better not load."""
    if stream.read(len(_ARCHIVE)) != _ARCHIVE:  # torch would take it for its format before 1.6
        raise DataError("it is no archive as torch 1.6 and later save it")
    _check_size(unpacked_size(stream))
    stream.seek(0)
    archive = torch._C.PyTorchFileReader(stream)  # torch's own, so that both see the same pickle
    names = archive.get_all_records()
    _check_size(sum(map(archive.get_record_size, names)))
    for name in names:  # torch finds them in upper and lower case: one could be loaded repeatedly
        if name.startswith("data/") and not name.removeprefix("data/").isdecimal():
            raise DataError(f"it has a member {name!r}, whose name is no number")
    if archive.get_record_size(_PICKLE) > PICKLE_BYTES:
        raise DataError(f"it has more than {PICKLE_BYTES >> 20} MiB beside its numbers")
    check_pickle(archive.get_record(_PICKLE))


def _check_size(size: int) -> None:
    if size > free_memory():
        raise DataError(f"they would take {gib(size)} of memory")
