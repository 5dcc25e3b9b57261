"""Whether a path exists; False for paths that are invalid or that the user may not access."""

import os
from collections.abc import Callable
from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether anything exists at the path."""
    return _is(Path.exists, path)


def is_file(path: Path) -> bool:
    """Whether the path is a regular file; pipes and devices are not, since they may be endless."""
    return _is(Path.is_file, path)


def is_folder(path: Path) -> bool:
    """Whether the path is a folder."""
    return _is(Path.is_dir, path)


def with_name(path: Path) -> Path:
    """Return a path that ends with a name, also for `.` and `..`; symbolic links stay."""
    return path if path.name not in ("", "..") else Path(os.path.normpath(path.absolute()))


def _is(test: Callable[[Path], bool], path: Path) -> bool:
    try:
        return test(path)
    except (OSError, ValueError):
        return False
