"""Atomic writes of files, JSON files, and locks between processes."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO


def write_atomically(file: Path, content: bytes) -> None:
    """Write a temporary file and rename it. Creates parent folders."""
    with replacing(file) as stream:
        stream.write(content)


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Open a temporary file, which is renamed to `file` when the block ends without an error.

    Content that is written part by part never is in memory as a whole. Creates parent folders.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_text(file: Path) -> Iterator[TextIO]:
    """Do as `replacing` for a file of UTF-8.

    Line ends are written as they are. Surrogates, as in undecodable file names, are escaped.
    """
    with replacing(file) as stream:
        text = TextIOWrapper(stream, "utf-8", errors="backslashreplace", newline="")
        yield text
        text.detach()  # writes what is left, and leaves the file open


def remove_temporary_files(folder: Path, name: str = "*") -> None:
    """Remove the temporary files of killed processes.

    No process may be writing such a file at the same time.

    Args:
        folder: to search, without the folders in it.
        name: a glob pattern for the name of the final file.
    """
    for temporary in folder.glob(f".{name}.*.tmp"):
        temporary.unlink(missing_ok=True)


def read_json(file: Path) -> Any:
    """Read a JSON file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(file.read_bytes())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def write_json(file: Path, content: Any) -> None:
    """Write an object as indented JSON."""
    write_atomically(file, json_bytes(content))


def json_bytes(content: Any) -> bytes:
    """Return an object as indented JSON. Surrogates, as in undecodable file names, are escaped."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Lock a file in the block; fail if another process holds the lock.

    The lock ends with the process in any case. Child processes do not inherit it.

    Raises:
        OSError: another process holds the lock.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"another process is using {file.parent}") from error
        yield


@contextmanager
def waiting_lock(folder: Path) -> Iterator[None]:
    """Lock a folder in the block; wait while another process holds the lock.

    Creates the folder if it is missing. The lock ends with the process in any case.

    Raises:
        OSError: the folder cannot be created or opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
