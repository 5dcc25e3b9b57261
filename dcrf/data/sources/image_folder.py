"""The source `image_folder`: images in a folder, with a sub-folder for each class or without."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.datasets.folder import IMG_EXTENSIONS

from dcrf.data.sources.arrays import naming
from dcrf.data.sources.class_folders import ClassFolders, list_class_folders
from dcrf.data.sources.image_folders import as_rgb, is_deep
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError, OptionError
from dcrf.safety.archives_and_images import common_image_formats
from dcrf.safety.limits import IMAGE_FOLDER_ENTRIES, IMAGE_HEADERS, SAMPLE_VALUES
from dcrf.safety.reading_errors import READING_ERRORS

_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """Images in a folder, sorted by class and path, decoded on access as RGB.

    dataset: the name for errors.
    path: the folder.
    classes: whether its sub-folders are classes; None finds out, as `list_class_folders` does.
    """

    dataset: str
    _: KW_ONLY
    path: str
    classes: bool | None = None

    def open(self) -> RawData:
        """List the images.

        Raises:
            DataError: the folder is missing, holds no image, or holds too many files.
        """
        with naming(f"data set {self.dataset}"):
            listing = self._list()
        paths = listing.paths
        return RawData(_Images(paths), listing.labels, listing.notes, paths, listing.ids)

    def outline(self) -> Outline:
        """Return number and sizes of the images, from the headers of `IMAGE_HEADERS` files.

        Raises:
            OptionError: the folder is missing or holds no image, or an image is broken.
        """
        listing = self._list(IMAGE_FOLDER_ENTRIES)
        try:
            headers = _extremes([_header(path) for path in _spread(listing.paths)])
        except DataError as error:
            raise OptionError("path", str(error)) from error
        return Outline(
            len(listing.paths) if listing.is_complete else None,
            tuple(header.example() for header in headers),
            listing.labels is not None if listing.is_complete else None,
            listing.notes,
            tuple(header.path for header in headers),
        )

    def _list(self, limit: int | None = None) -> ClassFolders:
        return list_class_folders(self.path, "image", IMG_EXTENSIONS, self.classes, limit)


class _Images:
    """Images that are decoded on access."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Image.Image | Tensor:
        with _opened(self._paths[index]) as image:
            return as_rgb(image)


class _Header(NamedTuple):
    """Path, size and type of an image that has not been decoded."""

    path: str
    height: int
    width: int
    dtype: torch.dtype

    def example(self) -> Tensor:
        return torch.zeros(_CHANNELS, self.height, self.width, dtype=self.dtype)


def _header(path: str) -> _Header:
    with _opened(path) as image:
        dtype = torch.float32 if is_deep(image) else torch.uint8
        return _Header(path, image.height, image.width, dtype)


def _spread(paths: Sequence[str]) -> Sequence[str]:
    """Return at most `IMAGE_HEADERS` paths from the first to the last."""
    if len(paths) <= IMAGE_HEADERS:
        return paths
    return [paths[index] for index in np.linspace(0, len(paths) - 1, IMAGE_HEADERS, dtype=int)]


def _extremes(headers: Sequence[_Header]) -> list[_Header]:
    """Return the headers of the first image and of those with extreme sides, each size once."""
    if not headers:
        return []
    extremes = [
        headers[0],
        min(headers, key=lambda header: min(header.height, header.width)),
        max(headers, key=lambda header: max(header.height, header.width)),
        max(headers, key=lambda header: header.width / header.height),
        min(headers, key=lambda header: header.width / header.height),
    ]
    by_size = {header[1:3]: header for header in reversed(extremes)}
    return sorted(by_size.values(), key=extremes.index)


@contextmanager
def _opened(path: str) -> Iterator[Image.Image]:
    """Open an image, and close it after it has been decoded.

    Raises:
        DataError: the file is no image, is broken, or has too many pixels.
    """
    try:
        with warnings.catch_warnings(), common_image_formats():
            # `SAMPLE_VALUES` refuses all images that Pillow warns of
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if _CHANNELS * image.height * image.width > SAMPLE_VALUES:
                    raise DataError(
                        f"the image {path} has {image.height} x {image.width} pixels, and a sample "
                        f"has at most {SAMPLE_VALUES} values; make it smaller"
                    )
                yield image
    except READING_ERRORS as error:
        is_large = isinstance(error, Image.DecompressionBombError)
        remedy = "make it smaller" if is_large else "is its file complete?"
        raise DataError(f"the image {path} cannot be read ({error}); {remedy}") from error
