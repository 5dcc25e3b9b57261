"""Parameters in files: written whole or not at all, read without running code."""

import io
import pickle
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dcrf.errors import DataError
from dcrf.files import write_atomically
from dcrf.mappings.mapping import Mapping

PASSED_OVER = "net_without_softmax_layer."  # the earlier framework saved classifiers twice


def save_tensors(content: dict[str, Any], file: Path) -> None:
    """Write tensors to a file that appears only when it is complete; same content, same bytes."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(file, buffer.getvalue())


def mapping_tensors(mapping: Mapping) -> dict[str, Tensor]:
    """Return a mapping's parameters and buffers on the CPU, under `net.<index>...`."""
    return {name: value.detach().cpu() for name, value in mapping.state_dict().items()}


def load_mapping(mapping: Mapping, file: Path) -> None:
    """Fill a mapping from a file that this framework or the earlier one saved.

    Raises:
        DataError: the file cannot be read, or does not fit the mapping.
    """
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
        found = {k: v for k, v in content.items() if not k.startswith(PASSED_OVER)}
        mapping.load_state_dict(found)
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, TypeError) as error:
        raise DataError(f"cannot read parameters from {file}: {error}") from error
    except RuntimeError as error:
        raise DataError(f"the parameters in {file} do not fit: {error}") from error


class Saving:
    """Saves to one file of a run.

    Args:
        content: returns the tensors to save.
        file: where they go.
        keep_old_files: leave a file of another run alone and number the new one.
    """

    def __init__(
        self, content: Callable[[], dict[str, Any]], file: Path, *, keep_old_files: bool
    ) -> None:
        self.content = content
        self.file = unused(file) if keep_old_files else file

    def __call__(self) -> None:
        """Save now, over what this run saved before."""
        save_tensors(self.content(), self.file)


def unused(file: Path) -> Path:
    """Return the file, or with `_2`, `_3`, ... before its suffix the first that does not exist."""
    if not file.exists():
        return file
    numbered = (file.with_name(f"{file.stem}_{n}{file.suffix}") for n in count(2))
    return next(path for path in numbered if not path.exists())
