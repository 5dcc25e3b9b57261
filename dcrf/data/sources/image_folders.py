"""How many images lie in folders, one for each class, counted without opening one."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from torchvision.datasets.folder import IMG_EXTENSIONS

from dcrf.errors import OptionError
from dcrf.safety.limits import IMAGE_FOLDER_ENTRIES


def count_images(options: Mapping[str, Any]) -> int | None:
    """Return how many images `ImageFolder` finds; None where there are too many to be counted.

    Args:
        options: its arguments.

    Raises:
        OptionError: there is no folder, none in it, or none of images in one of those.
    """
    root = Path(options["root"])
    if not root.is_dir():
        raise OptionError("root", f"{root}: there is no such folder")
    inside = list(islice(_entries(root), IMAGE_FOLDER_ENTRIES))
    classes = sorted(Path(path) for path, is_folder in inside if is_folder)
    if not classes:
        raise OptionError("root", f"{root} holds no folder, and images lie in one for each class")
    left, counts = IMAGE_FOLDER_ENTRIES - len(inside), {}
    for folder in classes:
        below = list(islice(_below(folder), left))
        left -= len(below)
        counts[folder] = sum(
            path.lower().endswith(IMG_EXTENSIONS) for path, is_folder in below if not is_folder
        )
    if not left:
        return None
    empty = [folder for folder, count in counts.items() if not count]
    if len(empty) == len(classes) or (empty and options.get("allow_empty") is not True):
        raise OptionError("root", f"{empty[0]} holds no image ({', '.join(IMG_EXTENSIONS)})")
    return sum(counts.values())


def _below(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the entries of a folder at any depth."""
    waiting = [folder]
    while waiting:
        for path, is_folder in _entries(waiting.pop()):
            if is_folder:
                waiting.append(Path(path))
            yield path, is_folder


def _entries(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield (path, is a folder); as for torchvision, nothing where a folder may not be read."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.path, entry.is_dir()
