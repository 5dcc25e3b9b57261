"""Files that are there whole or not at all."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file by way of a temporary one beside it; parent folders are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(folder: Path, name: str = "*") -> None:
    """Remove what a process that was killed has left of files of this name in a folder.

    Nobody may be writing such a file meanwhile.
    """
    for left in folder.glob(f".{name}.*.tmp"):
        left.unlink(missing_ok=True)


def read_json(file: Path) -> Any:
    """Read what `write_json` wrote.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is something else.
    """
    try:
        return json.loads(file.read_bytes())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def write_json(file: Path, content: Any) -> None:
    """Write an object as readable JSON."""
    write_atomically(file, json_bytes(content))


def json_bytes(content: Any) -> bytes:
    """Return an object as readable JSON; what is no text, as names of files may be, is escaped."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep other processes from entering such a block with this file; none waits.

    The lock ends with the process, however that ends, and no process that it starts inherits it.

    Raises:
        OSError: another process is in the block.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"another process is at work in {file.parent}") from error
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let other processes wait before such a block with this folder, which is made if need be.

    The lock ends with the process, however that ends.

    Raises:
        OSError: the folder cannot be made or opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
