"""What is at a path: nothing where no system takes such a path, or where nobody may look."""

from collections.abc import Callable
from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether there is anything."""
    return _is(Path.exists, path)


def is_file(path: Path) -> bool:
    """Whether there is a file; pipes and devices, which may have no end, are none."""
    return _is(Path.is_file, path)


def is_folder(path: Path) -> bool:
    """Whether there is a folder."""
    return _is(Path.is_dir, path)


def _is(test: Callable[[Path], bool], path: Path) -> bool:
    try:
        return test(path)
    except (OSError, ValueError):
        return False
