"""Folders of images, one folder for each class: listing, reading, and counting without reading."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import IMG_EXTENSIONS

from dcrf.errors import OptionError
from dcrf.safety.limits import IMAGE_FOLDER_ENTRIES

_HIDDEN = "."  # begins names such as .ipynb_checkpoints and ._picture.png
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N")
_WHITE = 65535  # of 16 bits


class VisibleImageFolder(ImageFolder):
    """torchvision's `ImageFolder` without hidden files and folders, and with 16-bit images.

    A folder that holds images but no folders is read as one folder without classes.

    Args:
        root: the folder.
        options: other arguments of `ImageFolder`.
    """

    def __init__(self, root: str, **options: Any) -> None:
        super().__init__(root, loader=read_image, is_valid_file=self._is_image, **options)

    def find_classes(self, directory: str) -> tuple[list[str], dict[str, int]]:
        """Return the names of the class folders, and name -> class."""
        entries = list(_entries(Path(directory)))
        names = sorted(Path(path).name for path, is_folder in entries if is_folder)
        if not names and any(map(is_image_name, (path for path, _ in entries))):
            names = [""]
        if not names:
            raise FileNotFoundError(f"{directory} holds neither folders nor images")
        return names, {name: number for number, name in enumerate(names)}

    @property
    def has_classes(self) -> bool:
        """Whether images lie in more than one folder."""
        return len(set(self.targets)) > 1

    def _is_image(self, path: str) -> bool:
        parts = Path(path).relative_to(self.root).parts
        return is_image_name(path) and not any(part.startswith(_HIDDEN) for part in parts)


def read_image(path: str) -> Image.Image | Tensor:
    """Read an image as `as_rgb` returns it.

    Raises:
        ValueError: the depth of the image is unknown.
    """
    with Image.open(path) as image:
        return as_rgb(image)


def as_rgb(image: Image.Image) -> Image.Image | Tensor:
    """Return an image as RGB; one of 16 bits as a float32 tensor (3, H, W), scaled to [0, 1].

    Pillow would clip 16-bit levels at 255.

    Raises:
        ValueError: the depth of the image is unknown.
    """
    if is_deep(image):
        levels = np.asarray(image).astype(np.float32) / _WHITE
        return torch.from_numpy(levels).expand(3, *levels.shape).contiguous()
    if image.mode in ("I", "F"):
        raise ValueError(
            f"an image of mode {image.mode!r} has no known range of levels; "
            "save it with 8 or 16 bits"
        )
    return image.convert("RGB")


def is_deep(image: Image.Image) -> bool:
    """Whether an image has 16 bits; it need not be decoded."""
    is_wide = image.mode == "I" and image.format in ("PNG", "PPM")  # which have at most 16 bits
    return image.mode in _DEEP_MODES or is_wide


def is_image_name(path: str) -> bool:
    """Whether a file's name ends as that of an image."""
    return path.lower().endswith(IMG_EXTENSIONS)


class FolderContent(NamedTuple):
    """Images in a folder.

    n_images: None if the folder holds more than `IMAGE_FOLDER_ENTRIES` files and folders.
    n_classes: number of folders with images, 1 without folders.
    first: path of an image; None if none was listed.
    """

    n_images: int | None
    n_classes: int
    first: str | None


def list_images(options: Mapping[str, Any]) -> FolderContent:
    """Count the images that `VisibleImageFolder` finds, without opening one.

    Args:
        options: its arguments.

    Raises:
        OptionError: the folder is missing or holds no images, or a class folder holds none.
    """
    root = Path(options["root"])
    if not root.is_dir():
        raise OptionError(
            "root", f"{root} is not a folder" if root.exists() else f"{root} does not exist"
        )
    top = list(islice(_entries(root), IMAGE_FOLDER_ENTRIES))
    classes = sorted(path for path, is_folder in top if is_folder)
    if not classes:
        images = sorted(path for path, _ in top if is_image_name(path))
        if not images:
            raise OptionError("root", f"{root} holds neither folders nor images")
        is_complete = len(top) < IMAGE_FOLDER_ENTRIES
        return FolderContent(len(images) if is_complete else None, 1, images[0])
    left, counts, first = IMAGE_FOLDER_ENTRIES - len(top), dict.fromkeys(classes, 0), None
    for folder in classes:
        below = list(islice(_below(Path(folder)), left))
        left -= len(below)
        images = [path for path, is_folder in below if not is_folder and is_image_name(path)]
        counts[folder] = len(images)
        first = first or (min(images) if images else None)
    n_classes = sum(count > 0 for count in counts.values())
    if not left:
        return FolderContent(None, n_classes, first)
    empty = [folder for folder, count in counts.items() if not count]
    if not n_classes or (empty and options.get("allow_empty") is not True):
        raise OptionError("root", f"{empty[0]} holds no image ({', '.join(IMG_EXTENSIONS)})")
    return FolderContent(sum(counts.values()), n_classes, first)


def _below(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the visible entries of a folder at any depth."""
    waiting = [folder]
    while waiting:
        for path, is_folder in _entries(waiting.pop()):
            if is_folder:
                waiting.append(Path(path))
            yield path, is_folder


def _entries(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield (path, is a folder) of visible entries; nothing for an unreadable folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(_HIDDEN):
                yield entry.path, entry.is_dir()
