"""The schemas and the shipped methods: files of a checkout, one packed file of an installed dcrf.

Hundreds of small files would make most of a wheel's weight beside its code.
"""

import json
import lzma
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_PACKED = Path(__file__).with_name("packed.json.xz")
"""Path in a checkout -> content. `setup.py` writes it into the wheel."""
_ROOT = Path(__file__).parent if _PACKED.exists() else Path(__file__).parents[2]
"""The folder of the paths. No packed file is there."""

SCHEMA = _ROOT / "schema"
"""The folder of the schema files."""
SHIPPED = _ROOT / "configurations"
"""The folder of the shipped methods."""


def json_text(file: Path) -> str:
    """Return the text of a schema or a shipped method.

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
    packed = json.loads(lzma.decompress(_PACKED.read_bytes()))
    return {_ROOT / name: content for name, content in packed.items()}
