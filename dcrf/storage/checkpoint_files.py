"""Checkpoints on disk: a folder each, written atomically and verified by checksums."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch.serialization import safe_globals

from dcrf.errors import DataError
from dcrf.safety.limits import CHECKPOINTS_KEPT
from dcrf.storage.atomic_files import json_bytes
from dcrf.storage.checkpoint_folders import (
    DESCRIPTION,
    MANIFEST,
    STATE,
    folders,
    intact_content,
    read_description,
    remove,
    sha256,
)
from dcrf.storage.tensor_files import from_bytes, to_bytes

_OF_LAZY_LAYERS: list[Any] = [UninitializedParameter, UninitializedBuffer]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The content of a checkpoint.

    state: tensors and plain values.
    description: plain values that identify the run, readable without torch.
    """

    folder: Path
    state: Mapping[str, Any]
    description: Mapping[str, Any]


def write(parent: Path, state: Mapping[str, Any], description: Mapping[str, Any]) -> Path:
    """Write a checkpoint, remove all but the newest ones, and return its folder.

    The folder is renamed to its final name once its content is on the disk.

    Raises:
        OSError: the checkpoint cannot be written. Earlier ones are unchanged.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(parent)
    number = max((int(folder.name) for folder in folders(parent)), default=0) + 1
    unfinished, folder = parent / f".{number:06}", parent / f"{number:06}"
    try:
        unfinished.mkdir()
        _fill(unfinished, state, description)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _flush(parent)
    for old in folders(parent)[:-CHECKPOINTS_KEPT]:
        remove(old)
    return folder


def read_newest(parent: Path, device: str) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest intact checkpoint, and why each newer one is damaged.

    If one is intact, the damaged ones are removed: `write` would count them among the newest.

    Args:
        parent: the folder of all checkpoints.
        device: a torch device name, for the tensors.
    """
    reasons: dict[Path, str] = {}
    for folder in reversed(folders(parent)):
        try:
            checkpoint = read(folder, device)
        except DataError as error:
            reasons[folder] = str(error)
            continue
        for damaged in reasons:
            remove(damaged)
        return checkpoint, list(reasons.values())
    return None, list(reasons.values())


def read(folder: Path, device: str) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        DataError: it is incomplete or damaged.
    """
    content = intact_content(folder)
    state = state_from_bytes(content[STATE], str(folder / STATE), device)
    return Checkpoint(folder, state, read_description(folder))


def state_from_bytes(content: bytes, name: str, device: str) -> Mapping[str, Any]:
    """Return the state of a checkpoint from its bytes, those of `to_bytes`.

    Args:
        content: the bytes.
        name: names them in errors.
        device: a torch device name, for the tensors.

    Raises:
        DataError: they are damaged.
    """
    with safe_globals(_OF_LAZY_LAYERS):
        return from_bytes(content, name, device)


def remove_checkpoints(parent: Path) -> None:
    """Remove all checkpoints, and keep the other files of their folder."""
    _remove_unfinished(parent)
    for folder in folders(parent):
        remove(folder)


def _remove_unfinished(parent: Path) -> None:
    """Remove checkpoints that a killed run was writing."""
    for folder in parent.glob(".[0-9]*"):
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, state: Mapping[str, Any], description: Mapping[str, Any]) -> None:
    content = {STATE: to_bytes(state), DESCRIPTION: json_bytes(description)}
    sums = {name: sha256(part) for name, part in content.items()}
    content[MANIFEST] = json_bytes({"sha256": sums})
    for name, part in content.items():
        with (folder / name).open("wb") as stream:
            stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
    _flush(folder)


def _flush(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
