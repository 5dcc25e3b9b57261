"""Files of the parameters of a method's parts, and unused names for them."""

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from dcrf.errors import DataError
from dcrf.safety.memory import free_memory, gib
from dcrf.safety.numpy_headers import npy_header, reading
from dcrf.storage.tensor_files import read_content, read_tensors

IGNORED_PREFIX = "net_without_softmax_layer."  # the earlier framework saved classifiers twice


def part_tensors(part: nn.Module) -> dict[str, Tensor]:
    """Return the parameters and buffers of a part of a method, by name in files.

    A module may rename its tensors for files by an attribute `names_in_files`: those of named
    layers have the layer's name. Lazy layers that have never run have no values to save, so they
    are left out.
    """
    renamed, state = getattr(part, "names_in_files", {}), part.state_dict()
    return {
        renamed.get(name, name): value.detach()
        for name, value in state.items()
        if not is_lazy(value)
    }


def load_part(part: nn.Module, file: Path) -> None:
    """Load the parameters of a part from a file of this framework or of the earlier one.

    Raises:
        DataError: the file cannot be read, or does not fit the part.
    """
    fill_part(part, read_tensors(file), file)


def fill_part(part: nn.Module, content: Mapping[str, Tensor], file: Path) -> None:
    """Load the parameters of a part from the content of a file.

    Tensors may have the names that the part itself gives them, as in older files.

    Raises:
        DataError: the content does not fit the part.
    """
    present = {new: old for old, new in getattr(part, "names_in_files", {}).items()}
    tensors = {
        present.get(name, name): value
        for name, value in content.items()
        if not str(name).startswith(IGNORED_PREFIX)
    }
    # a lazy layer that had never run when it was saved stays so
    lazy = {name: value for name, value in part.state_dict().items() if is_lazy(value)}
    try:
        part.load_state_dict({**lazy, **tensors})
    except (RuntimeError, AttributeError, TypeError) as error:
        message = _in_names_of_files(str(error), present)
        raise DataError(f"the parameters in {file} do not fit: {message}") from error


def _in_names_of_files(message: str, present: Mapping[str, str]) -> str:
    """Return a message with the names of tensors in files in place of those of the part."""
    for name, old in present.items():
        message = re.sub(
            rf"(?<![\w.]){re.escape(old)}(?!\.?\w)", name.replace("\\", r"\\"), message
        )
    return message


def read_tensor(file: Path, name: str) -> Tensor:
    """Read a matrix (k, d) from a safetensors file, a file of torch or an `.npy` array.

    The content of the file decides its format, not its name.

    Args:
        file: holds the tensor under `name`, or it alone.
        name: of the tensor.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    content = _read_array(file, name) if _is_npy(file) else read_content(file)
    values = content.get(name) if isinstance(content, dict) else content
    n_axes = 2
    if not isinstance(values, Tensor) or values.ndim != n_axes or values.is_complex():
        expected = (
            f"expected a tensor {name!r} (k, d) in a safetensors file or a file of torch.save, "
            "a file of torch.save that is such a tensor, or an .npy array (k, d)"
        )
        kind = _describe(content, name)
        raise DataError(f"{file} does not hold {name}: {expected}; got {kind}")
    return values


def unused(file: Path) -> Path:
    """Return the file, or with `_2`, `_3`, ... before its suffix the first that does not exist."""
    if not file.exists():
        return file
    numbered = (file.with_name(f"{file.stem}_{n}{file.suffix}") for n in count(2))
    return next(path for path in numbered if not path.exists())


def is_numbered(path: Path, file: Path) -> bool:
    """Whether `unused` can return this path for a file."""
    number = path.stem.removeprefix(f"{file.stem}_")
    numbered = file.with_name(f"{file.stem}_{number}{file.suffix}")
    return path == file or (number.isdecimal() and path == numbered)


def _is_npy(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(6) == b"\x93NUMPY"
    except OSError:  # `read_content` reports it
        return False


def _read_array(file: Path, name: str) -> Tensor:
    """Return an array of numbers as float32."""
    try:
        header = npy_header(file)
        if header.dtype.kind not in "fiu":
            raise DataError("the array is not of real numbers")
        if 2 * header.nbytes > free_memory():
            raise DataError(f"it would take {gib(2 * header.nbytes)} of memory")
        with reading("a plain array"):
            return torch.from_numpy(np.load(file, allow_pickle=False).astype(np.float32))
    except DataError as error:
        raise DataError(f"cannot read {name} from {file}: {error}") from error


def _describe(content: Any, name: str) -> str:
    if isinstance(content, Tensor):
        return f"a tensor of shape {tuple(content.shape)} and type {content.dtype}"
    if not isinstance(content, dict):
        return f"a {type(content).__name__}"
    return _describe(content[name], name) if name in content else f"no {name!r}"
