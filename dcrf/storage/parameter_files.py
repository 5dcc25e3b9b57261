"""Parameters of mappings in files."""

from itertools import count
from pathlib import Path

from torch import Tensor, nn

from dcrf.errors import DataError
from dcrf.storage.tensor_files import read_tensors

PASSED_OVER = "net_without_softmax_layer."  # the earlier framework saved classifiers twice


def mapping_tensors(mapping: nn.Module) -> dict[str, Tensor]:
    """Return a mapping's parameters and buffers on the CPU, under `net.<index>...`."""
    return {name: value.detach().cpu() for name, value in mapping.state_dict().items()}


def load_mapping(mapping: nn.Module, file: Path) -> None:
    """Fill a mapping from a file that this framework or the earlier one saved.

    Raises:
        DataError: the file cannot be read, or does not fit the mapping.
    """
    content = read_tensors(file)
    found = {k: v for k, v in content.items() if not str(k).startswith(PASSED_OVER)}
    try:
        mapping.load_state_dict(found)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise DataError(f"the parameters in {file} do not fit: {error}") from error


def unused(file: Path) -> Path:
    """Return the file, or with `_2`, `_3`, ... before its suffix the first that does not exist."""
    if not file.exists():
        return file
    numbered = (file.with_name(f"{file.stem}_{n}{file.suffix}") for n in count(2))
    return next(path for path in numbered if not path.exists())


def is_numbered(path: Path, file: Path) -> bool:
    """Whether a path is one that `unused` may return for a file."""
    number = path.stem.removeprefix(f"{file.stem}_")
    numbered = file.with_name(f"{file.stem}_{number}{file.suffix}")
    return path == file or (number.isdecimal() and path == numbered)
