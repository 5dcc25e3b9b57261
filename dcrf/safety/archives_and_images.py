"""What torchvision may make of archives and images, whoever made them."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from PIL import Image

_FORMATS = ("PNG", "JPEG", "PPM", "BMP", "TIFF", "WEBP", "GIF")


@contextmanager
def unpacking_inside() -> Iterator[None]:
    """Let archives be unpacked only into the folder that they are unpacked in.

    Python before 3.14 lets members of a tar go anywhere unless it is told otherwise; here they
    end in a `tarfile.TarError`. Those of a zip it never lets out, and makes no links of them.
    """
    before = getattr(tarfile.TarFile, "extraction_filter", None)  # Python 3.11.4 is the first
    tarfile.TarFile.extraction_filter = staticmethod(_inside)
    try:
        yield
    finally:
        tarfile.TarFile.extraction_filter = before


@contextmanager
def opening_common_images() -> Iterator[None]:
    """Let images be opened only in formats that data sets are made of.

    Pillow goes by the content of a file and knows forty more formats; for one it starts
    Ghostscript. Not every class of torchvision takes a function that loads images, but all of
    them call `Image.open`.
    """
    before = Image.open
    Image.open = partial(before, formats=_FORMATS)
    try:
        yield
    finally:
        Image.open = before


def _inside(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """Return what becomes of a member.

    Links to outside are known by `data_filter`, but not by every version of it, and images need
    none.
    """
    if member.issym():
        raise tarfile.TarError(f"{member.name!r} in an archive is a symbolic link")
    return tarfile.data_filter(member, folder)
