"""Restrict torchvision's handling of untrusted archives and images."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from PIL import Image

_FORMATS = ("PNG", "JPEG", "PPM", "BMP", "TIFF", "WEBP", "GIF")


@contextmanager
def contained_extraction() -> Iterator[None]:
    """Extract members of tar archives only below the target folder.

    Python before 3.14 extracts them to any path by default; here such a member raises
    `tarfile.TarError`. Python always contains the members of zip archives, and creates no links.
    """
    before = getattr(tarfile.TarFile, "extraction_filter", None)  # missing before Python 3.11.4
    tarfile.TarFile.extraction_filter = staticmethod(_contained)
    try:
        yield
    finally:
        tarfile.TarFile.extraction_filter = before


@contextmanager
def common_image_formats() -> Iterator[None]:
    """Open images only in formats that data sets use.

    Pillow detects the format from the content and supports forty more formats; for EPS it starts
    Ghostscript. Not every class of torchvision accepts a loader, but all of them call `Image.open`.
    """
    before = Image.open
    Image.open = partial(before, formats=_FORMATS)
    try:
        yield
    finally:
        Image.open = before


def _contained(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """Return a member as it may be extracted.

    Not every version of `data_filter` detects links to paths outside, and images need no links.
    """
    if member.issym():
        raise tarfile.TarError(f"{member.name!r} in an archive is a symbolic link")
    return tarfile.data_filter(member, folder)
