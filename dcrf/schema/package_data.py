"""Schemas, shipped methods and published results: files of a checkout, one file of a wheel.

Hundreds of small files would make most of a wheel's weight beside its code. bz2 packs them tighter
than the wheel would, by 20 kB of 83.
"""

import bz2
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_PACKED = Path(__file__).with_name("packed.json.bz2")
"""Path in a checkout -> content. `setup.py` writes it into the wheel."""
_ROOT = Path(__file__).parent if _PACKED.exists() else Path(__file__).parents[2]
"""The folder of the paths. No packed file is there."""

SCHEMA = _ROOT / "schema"
"""The folder of the schema files."""
SHIPPED = _ROOT / "configurations"
"""The folder of the shipped methods."""
PUBLISHED = _ROOT / "published"
"""The folder of published results."""


def json_content(file: Path) -> Any:
    """Return the content of a JSON file in these folders, an object of its own at each call.

    Raises:
        OSError: the file cannot be read.
    """
    return json.loads(json_text(file))


def json_text(file: Path) -> str:
    """Return the text of a JSON file in these folders.

    Raises:
        OSError: the file cannot be read.
    """
    return json.dumps(_packed()[_plain(file)]) if is_packed(file) else file.read_text()


def is_packed(file: Path) -> bool:
    """Whether a file is in the packed file, so that no file is at its path."""
    return _plain(file) in _packed()


def json_files(folder: Path, *, deep: bool = False) -> list[Path]:
    """Return the `.json` files in a folder of these, sorted, with `deep` also those below."""
    if not _packed():
        return sorted(folder.rglob("*.json") if deep else folder.glob("*.json"))
    return [file for file in _packed() if folder in (file.parents if deep else (file.parent,))]


def _plain(file: Path) -> Path:
    """Return a path without `..`."""
    return Path(os.path.normpath(file))


@cache
def _packed() -> Mapping[Path, Any]:
    """Return path -> content of every packed file, none in a checkout."""
    if not _PACKED.exists():
        return {}
    contents = json.loads(bz2.decompress(_PACKED.read_bytes()))
    return {_ROOT / name: content for name, content in contents.items()}
