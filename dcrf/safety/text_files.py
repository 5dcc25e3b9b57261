"""Read lines of text files, plain or packed by gzip, that may be hostile or not text at all."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from dcrf.errors import DataError
from dcrf.safety.limits import GZIP_UNPACKED_BYTES, TEXT_LINE_CHARACTERS

_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHERS = {
    b"PK\x03\x04": "a zip archive or a workbook of a spreadsheet; save it as CSV",
    b"\xd0\xcf\x11\xe0": "a workbook of a spreadsheet; save it as CSV",
    b"PAR1": "a file of Apache Parquet",
    b"\x89HDF": "a file of HDF5",
    b"BZh": "packed by bzip2; unpack it",
    b"\xfd7zXZ": "packed by xz; unpack it",
}
"""First bytes of a file that is not text -> what it is."""


UTF_8 = "utf-8"


def codec_of(encoding: str) -> str:
    """Return Python's name of an encoding; UTF-8 may have a byte order mark."""
    return "utf-8-sig" if encoding == UTF_8 else encoding


class UndecodableError(DataError):
    """A text file has another encoding."""


@contextmanager
def text_lines(path: Path, encoding: str = UTF_8) -> Iterator[Iterator[str]]:
    """Open a text file for reading line by line; UTF-8 may have a byte order mark.

    Lines keep their ends. A file packed by gzip is unpacked while it is read.

    Raises:
        DataError: the file is missing, not text, has a line of more than `TEXT_LINE_CHARACTERS`, or
            unpacks to more than `GZIP_UNPACKED_BYTES`. Also raised while lines are read.
        UndecodableError: the file has another encoding. Also raised while lines are read.
    """
    if not path.is_file():
        raise DataError("not a regular file" if path.exists() else "the file does not exist")
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
            file.seek(0)
            if encoding == UTF_8 and beginning.startswith(_UTF_16):
                raise UndecodableError("not UTF-8 but UTF-16; save it as UTF-8")
            for magic, kind in _OTHERS.items():
                if beginning.startswith(magic):
                    raise DataError(f"not a text file but {kind}")
            content = _unpacked(file) if beginning.startswith(_GZIP) else file
            with io.TextIOWrapper(content, encoding=codec_of(encoding), newline="") as text:
                yield _lines(text, encoding)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot be read ({error})") from error


def _lines(text: TextIO, encoding: str) -> Iterator[str]:
    number = 0
    try:
        while line := text.readline(TEXT_LINE_CHARACTERS + 1):
            number += 1
            if len(line) > TEXT_LINE_CHARACTERS:
                raise DataError(f"line {number} has more than {TEXT_LINE_CHARACTERS:,} characters")
            yield line
    except UnicodeDecodeError as error:
        before, byte = error.object[: error.start], error.object[error.start]
        place = number + len((before + b"?").splitlines())  # all earlier lines have been read
        raise UndecodableError(
            f"not {encoding.upper()}: byte 0x{byte:02x} in line {place}; save it as UTF-8"
        ) from error
    except UnicodeError as error:  # UTF-16 without its mark
        raise UndecodableError(f"not {encoding.upper()}: {error}; save it as UTF-8") from error


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(_Unpacked(file))


class _Unpacked(io.RawIOBase):
    """A file packed by gzip that ends with an error at `GZIP_UNPACKED_BYTES`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._n_bytes = gzip.GzipFile(fileobj=file), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        n_bytes = self._file.readinto(buffer)
        self._n_bytes += n_bytes
        if self._n_bytes > GZIP_UNPACKED_BYTES:
            raise DataError(
                f"it unpacks to more than {GZIP_UNPACKED_BYTES >> 30} GiB; unpack it with gunzip"
            )
        return n_bytes
