"""Tensors in files: written whole or not at all, read without running code."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from dcrf.errors import DataError
from dcrf.files import write_atomically

UNREADABLE = (
    OSError, RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError,
    pickle.UnpicklingError,
)  # fmt: skip
"""What torch raises for files that are missing, damaged or of another kind."""


def save_tensors(content: dict[str, Any], file: Path) -> None:
    """Write tensors by name to a file; the same content gives the same bytes."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(file, buffer.getvalue())


def read_tensors(file: Path) -> dict[Any, Any]:
    """Read what `save_tensors` wrote.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"cannot read tensors from {file}: {cause}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file} holds no tensors by name")
    return content
