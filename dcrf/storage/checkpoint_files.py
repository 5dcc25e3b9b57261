"""Checkpoints on disk: a folder each, there whole or not at all, known by its checksums."""

import hashlib
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
from dcrf.storage.atomic_files import json_bytes, read_json
from dcrf.storage.tensor_files import from_bytes, to_bytes

STATE, DESCRIPTION, MANIFEST = "state.pth", "description.json", "manifest.json"
# Of lazy layers yet to run.
_WITHOUT_SIZE: list[Any] = [UninitializedParameter, UninitializedBuffer]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint holds.

    folder: where it lies.
    state: tensors and plain values.
    description: of what it is one: plain values, readable without torch.
    """

    folder: Path
    state: Mapping[str, Any]
    description: Mapping[str, Any]


def write(parent: Path, state: Mapping[str, Any], description: Mapping[str, Any]) -> Path:
    """Write a checkpoint, and take away all but the last ones; return its folder.

    It is flushed to the disk before it gets its name, so a name stands for a whole checkpoint.

    Raises:
        OSError: it cannot be written. The ones before are still there.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _clear(parent)
    number = max((int(folder.name) for folder in folders(parent)), default=0) + 1
    unfinished, made = parent / f".{number:06}", parent / f"{number:06}"
    try:
        unfinished.mkdir()
        _fill(unfinished, state, description)
        unfinished.rename(made)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _flush(parent)
    for old in folders(parent)[:-CHECKPOINTS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return made


def read_newest(parent: Path, device: str) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest checkpoint that is whole, and the reasons why newer ones are not taken.

    Where there is one, the newer ones are taken away: they would stand among the last ones.

    Args:
        parent: the folder of all checkpoints.
        device: where the tensors of the state go.
    """
    reasons: dict[Path, str] = {}
    for folder in reversed(folders(parent)):
        try:
            found = read(folder, device)
        except DataError as error:
            reasons[folder] = str(error)
            continue
        for damaged in reasons:
            shutil.rmtree(damaged, ignore_errors=True)
        return found, list(reasons.values())
    return None, list(reasons.values())


def read(folder: Path, device: str) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        DataError: it is not what was written.
    """
    try:
        sums = read_json(folder / MANIFEST)["sha256"]
        content = {name: (folder / name).read_bytes() for name in (STATE, DESCRIPTION)}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"the checkpoint {folder} is not whole: {error}") from error
    for name, found in content.items():
        if not isinstance(sums, dict) or sums.get(name) != _sha256(found):
            raise DataError(f"the checkpoint {folder} is damaged: {name} is not what was written")
    with safe_globals(_WITHOUT_SIZE):
        state = from_bytes(content[STATE], str(folder / STATE), device)
    description = read_json(folder / DESCRIPTION)
    if not isinstance(description, dict):
        raise DataError(f"the checkpoint {folder} does not say of what it is one")
    return Checkpoint(folder, state, description)


def folders(parent: Path) -> list[Path]:
    """Return the folders of all checkpoints, the newest last."""
    found = parent.iterdir() if parent.is_dir() else ()
    return sorted((f for f in found if f.name.isdecimal()), key=lambda folder: int(folder.name))


def _clear(parent: Path) -> None:
    """Take away what was not finished when a run was killed."""
    for folder in parent.glob(".[0-9]*"):
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, state: Mapping[str, Any], description: Mapping[str, Any]) -> None:
    content = {STATE: to_bytes(dict(state)), DESCRIPTION: json_bytes(description)}
    sums = {name: _sha256(part) for name, part in content.items()}
    content[MANIFEST] = json_bytes({"sha256": sums})
    for name, part in content.items():
        with (folder / name).open("wb") as stream:
            stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
    _flush(folder)


def _flush(folder: Path) -> None:
    """Make sure that the names in a folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
