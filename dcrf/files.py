"""Files that are there whole or not at all."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file by way of a temporary one beside it; parent folders are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
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


def write_json(file: Path, content: Any) -> None:
    """Write an object as readable JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(file, text.encode())
