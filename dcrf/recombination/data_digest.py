"""A digest of the files of data sets, so that results of other data are not reused."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import file_digest
from pathlib import Path
from typing import Any

from dcrf.config.method_config import DatasetConfig
from dcrf.storage.digests import digest

_HASH = "sha256"


def data_digest(datasets: Sequence[DatasetConfig]) -> str:
    """Return the digest of the files that data sets name by absolute paths.

    Of a file it is that of its content, of a folder that of the names and sizes of its files. Data
    that a library provides by name count as their name only.
    """
    paths = {
        p for entry in datasets for value in (entry.options, *entry.parts) for p in _paths(value)
    }
    return digest({str(path): _content(path) for path in sorted(paths)})


def _paths(value: Any) -> Iterator[Path]:
    """Yield every absolute path of a file or folder in a value of a method."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _paths(inner)
    elif isinstance(value, str | Path) and Path(value).is_absolute() and Path(value).exists():
        yield Path(value)


def _content(path: Path) -> Any:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return {str(file.relative_to(path)): file.stat().st_size for file in files}
    facts = path.stat()
    return _file_digest(path, facts.st_size, facts.st_mtime_ns)


@cache
def _file_digest(path: Path, size: int, time: int) -> str:
    """Return the digest of the content, once for each size and time of change."""
    with path.open("rb") as file:
        return file_digest(file, _HASH).hexdigest()
