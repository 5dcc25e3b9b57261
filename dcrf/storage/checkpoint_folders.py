"""The folders of a run's checkpoints, as far as they are readable without torch."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcrf.errors import DataError
from dcrf.storage.atomic_files import read_json

STATE, DESCRIPTION, MANIFEST = "state.pth", "description.json", "manifest.json"
POSITION = "position"
"""The key of a description with the numbers of the data set and of the phase, both from 0."""


def folders(parent: Path) -> list[Path]:
    """Return the folders of all checkpoints, the newest last."""
    paths = parent.iterdir() if parent.is_dir() else ()
    return sorted((f for f in paths if f.name.isdecimal()), key=lambda folder: int(folder.name))


def intact_content(folder: Path) -> dict[str, bytes]:
    """Return the files of a checkpoint, by name.

    Raises:
        DataError: it is incomplete or damaged.
    """
    try:
        sums = read_json(folder / MANIFEST)["sha256"]
        content = {name: (folder / name).read_bytes() for name in (STATE, DESCRIPTION)}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"the checkpoint {folder} is incomplete: {error}") from error
    for name, part in content.items():
        if not isinstance(sums, dict) or sums.get(name) != sha256(part):
            raise DataError(f"the checkpoint {folder} is damaged: {name} has changed")
    return content


def read_description(folder: Path) -> Mapping[str, Any]:
    """Return the plain values that identify the run of a checkpoint.

    Raises:
        DataError: they cannot be read.
    """
    try:
        description = read_json(folder / DESCRIPTION)
    except (OSError, ValueError) as error:
        raise DataError(f"the checkpoint {folder} is incomplete: {error}") from error
    if not isinstance(description, dict):
        raise DataError(f"the checkpoint {folder} is damaged: {DESCRIPTION} is not an object")
    return description


def position_of(folder: Path) -> tuple[int, int] | None:
    """Return the data set and the phase of a checkpoint, None if it does not say them.

    All phases before this one have ended. This one may have begun.
    """
    try:
        position = read_description(folder).get(POSITION)
    except DataError:
        return None
    match position:
        case [int(dataset), int(phase)]:
            return dataset, phase
    return None


def remove(folder: Path) -> None:
    """Remove a checkpoint."""
    shutil.rmtree(folder, ignore_errors=True)


def sha256(content: bytes) -> str:
    """Return the checksum of a file's content, as the manifest has it."""
    return hashlib.sha256(content).hexdigest()
