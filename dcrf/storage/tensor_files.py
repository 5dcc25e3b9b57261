"""Files of tensors, as safetensors or in torch's format. Reading them runs no code."""

import io
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch
from torch import Tensor

from dcrf.errors import DataError, first_line
from dcrf.safety.limits import PICKLE_BYTES, SAFETENSORS_HEADER_BYTES
from dcrf.safety.memory import free_memory, gib, unpacked_size
from dcrf.safety.pickle_scan import check_pickle
from dcrf.storage.atomic_files import write_atomically

SAFETENSORS = ".safetensors"
_ARCHIVE, _PICKLE = b"PK\x03\x04", "data.pkl"


def save_tensors(content: Mapping[str, Tensor], file: Path) -> None:
    """Write tensors by name to a file. Equal tensors give equal bytes.

    The suffix of the file decides its format: `.safetensors`, or torch's for any other.
    """
    is_safetensors = file.suffix == SAFETENSORS
    write_atomically(file, _safetensors_bytes(content) if is_safetensors else to_bytes(content))


def save_with_metadata(
    content: Mapping[str, Tensor], file: Path, metadata: Mapping[str, str]
) -> None:
    """Write tensors by name to a safetensors file, with texts by name in its header."""
    write_atomically(file, _safetensors_bytes(content, metadata))


def read_tensors(file: Path) -> dict[Any, Any]:
    """Read tensors by name. The content of the file decides its format, not its name.

    Raises:
        DataError: the file cannot be read, does not hold tensors by name, or would exhaust memory.
    """
    content = read_content(file)
    if not isinstance(content, dict):
        raise DataError(f"{file} does not hold tensors by name")
    return content


def read_content(file: Path) -> Any:
    """Read a safetensors file, or any content of a file of torch.

    Raises:
        DataError: the file cannot be read, holds more than tensors and plain values, or would
            exhaust memory.
    """
    if file.exists() and not file.is_file():  # a pipe or a device may never end
        raise DataError(f"cannot read tensors from {file}: not a regular file")
    try:
        with file.open("rb") as stream:
            return _read(stream, str(file), "cpu")
    except OSError as error:
        raise DataError(f"cannot read tensors from {file}: {error}") from error


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """Return tensors and plain values in torch's format."""
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    return buffer.getvalue()


def from_bytes(content: bytes, name: str, device: str) -> dict[Any, Any]:
    """Return tensors and plain values from `to_bytes`.

    Args:
        content: the bytes.
        name: names them in errors.
        device: a torch device name, for the tensors.

    Raises:
        DataError: the bytes hold something else, or would exhaust memory.
    """
    values = _read(io.BytesIO(content), name, device)
    if not isinstance(values, dict):
        raise DataError(f"{name} does not hold tensors by name")
    return values


def _safetensors_bytes(
    content: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> bytes:
    # safetensors accepts neither strides nor tensors that share memory
    layout = torch.contiguous_format
    copies = {n: t.detach().cpu().clone(memory_format=layout) for n, t in content.items()}
    return safetensors.torch.save(copies, dict(metadata) if metadata else None)


def _read(stream: BinaryIO, name: str, device: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # anything wrong is an error below
            if _is_safetensors(stream):
                return _read_safetensors(stream, device)
            _check(stream)
            stream.seek(0)
            content = torch.load(stream, map_location=device, weights_only=True)
    except Exception as error:  # a damaged file can raise anything, such as struct.error
        cause = first_line(error)
        if isinstance(error, pickle.UnpicklingError | LookupError):  # torch says how to run code
            cause = "not a file of tensors, or one with more than tensors"
        raise DataError(f"cannot read tensors from {name}: {cause}") from error
    # a subclass in the file could have any `items`
    return dict(dict.items(content)) if isinstance(content, dict) else content


def _is_safetensors(stream: BinaryIO) -> bool:
    """Whether a JSON header follows its own size. Leaves the stream at its beginning."""
    begin = stream.read(9)
    stream.seek(0)
    return begin[8:] == b"{" and not begin.startswith(_ARCHIVE)


def _read_safetensors(stream: BinaryIO, device: str) -> dict[str, Tensor]:
    if int.from_bytes(stream.read(8), "little") > SAFETENSORS_HEADER_BYTES:
        raise DataError(f"its header has more than {SAFETENSORS_HEADER_BYTES >> 20} MiB")
    _check_size(2 * stream.seek(0, io.SEEK_END))  # the bytes, and the tensors from them
    stream.seek(0)
    tensors = safetensors.torch.load(stream.read())
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def _check(stream: BinaryIO) -> None:
    """Raise for an archive that torch should not load."""
    if stream.read(len(_ARCHIVE)) != _ARCHIVE:  # torch would take it for its format before 1.6
        raise DataError("neither safetensors nor an archive as torch 1.6 and later save it")
    _check_size(unpacked_size(stream))
    stream.seek(0)
    archive = torch._C.PyTorchFileReader(stream)  # torch's own, so that both see the same pickle
    names = archive.get_all_records()
    _check_size(sum(map(archive.get_record_size, names)))
    for name in names:  # torch finds them in upper and lower case: one could be loaded repeatedly
        if name.startswith("data/") and not name.removeprefix("data/").isdecimal():
            raise DataError(f"its member {name!r} is not a number")
    if archive.get_record_size(_PICKLE) > PICKLE_BYTES:
        raise DataError(f"it has more than {PICKLE_BYTES >> 20} MiB beside its numbers")
    check_pickle(archive.get_record(_PICKLE))


def _check_size(size: int) -> None:
    if size > free_memory():
        raise DataError(f"they would take {gib(size)} of memory")
