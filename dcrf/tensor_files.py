"""Tensors in files: written whole or not at all, read without running code."""

import io
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from dcrf.errors import DataError
from dcrf.files import write_atomically
from dcrf.memory import free_memory, gib, unpacked_size


def save_tensors(content: dict[str, Any], file: Path) -> None:
    """Write tensors by name to a file; the same content gives the same bytes."""
    write_atomically(file, to_bytes(content))


def read_tensors(file: Path) -> dict[Any, Any]:
    """Read what `save_tensors` wrote.

    Raises:
        DataError: the file cannot be read, holds something else, or would fill the memory.
    """
    return _read(file, str(file), "cpu")


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
        DataError: it is something else.
    """
    return _read(io.BytesIO(content), name, device)


def _read(file: Path | io.BytesIO, name: str, device: str) -> dict[Any, Any]:
    try:
        if isinstance(file, Path) and file.exists() and not file.is_file():
            raise DataError("it is no regular file")  # a pipe and a device may have no end
        if isinstance(file, Path) and (size := unpacked_size(file)) > free_memory():
            raise DataError(f"they would take {gib(size)} of memory")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is not as it should be is an error below
            content = torch.load(file, map_location=device, weights_only=True)
    except Exception as error:  # of a damaged file anything can come, as struct.error
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        if isinstance(error, pickle.UnpicklingError):  # torch says how to run the code in it
            cause = "it is no file of tensors, or holds more than tensors"
        raise DataError(f"cannot read tensors from {name}: {cause}") from error
    if not isinstance(content, dict):
        raise DataError(f"{name} holds no tensors by name")
    return content
