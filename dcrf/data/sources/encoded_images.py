"""Images in files or in memory that are decoded on access, and their sizes before that."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple, Protocol

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from dcrf.data.sources.image_folders import as_rgb, is_deep
from dcrf.errors import DataError
from dcrf.safety.archives_and_images import common_image_formats
from dcrf.safety.limits import IMAGE_HEADERS, SAMPLE_VALUES
from dcrf.safety.reading_errors import READING_ERRORS

_CHANNELS = 3


class Files(Protocol):
    """A sequence of paths, or of files in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> str | BytesIO: ...


class EncodedImages:
    """Images as RGB, decoded on access.

    Args:
        files: of the images.
        names: of the images in messages; None to count them.
    """

    def __init__(self, files: Files, names: Sequence[str] | None = None) -> None:
        self._files, self._names = files, names

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Image.Image | Tensor:
        """Return an image as `as_rgb` does.

        Raises:
            DataError: the image is broken or has too many pixels.
        """
        with self._opened(index) as image:
            return as_rgb(image)

    def examples(self) -> "Examples":
        """Return images of extreme sizes, from the headers of at most `IMAGE_HEADERS` images.

        Raises:
            DataError: one of them is broken or has too many pixels.
        """
        count = min(len(self), IMAGE_HEADERS)
        indices = np.linspace(0, len(self) - 1, count, dtype=int) if count else ()
        headers = _extremes([self._header(int(index)) for index in indices])
        return Examples(
            tuple(header.example() for header in headers),
            tuple(header.name for header in headers),
        )

    def _header(self, index: int) -> "_Header":
        with self._opened(index) as image:
            dtype = torch.float32 if is_deep(image) else torch.uint8
            return _Header(self._name(index), image.height, image.width, dtype)

    def _name(self, index: int) -> str:
        return f"sample {index}" if self._names is None else self._names[index]

    @contextmanager
    def _opened(self, index: int) -> Iterator[Image.Image]:
        try:
            with warnings.catch_warnings(), common_image_formats():
                # `SAMPLE_VALUES` refuses all images that Pillow warns of
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(self._files[index]) as image:
                    if _CHANNELS * image.height * image.width > SAMPLE_VALUES:
                        raise DataError(
                            f"the image {self._name(index)} has {image.height} x {image.width} "
                            f"pixels, and a sample has at most {SAMPLE_VALUES} values; "
                            "make it smaller"
                        )
                    yield image
        except READING_ERRORS as error:
            is_large = isinstance(error, Image.DecompressionBombError)
            is_unknown = isinstance(error, UnidentifiedImageError)
            cause = "its format is unknown" if is_unknown else error
            remedy = "make it smaller" if is_large else "is its file complete?"
            raise DataError(
                f"the image {self._name(index)} cannot be read ({cause}); {remedy}"
            ) from error


class Examples(NamedTuple):
    """Zeros with the shapes and types of some images, and the names of these images."""

    examples: tuple[Tensor, ...]
    origins: tuple[str, ...]


class _Header(NamedTuple):
    """Name, size and type of an image that has not been decoded."""

    name: str
    height: int
    width: int
    dtype: torch.dtype

    def example(self) -> Tensor:
        return torch.zeros(_CHANNELS, self.height, self.width, dtype=self.dtype)


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
