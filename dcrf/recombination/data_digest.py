"""A digest of the files of data sets, so that results of other data are not reused."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import file_digest
from pathlib import Path
from typing import Any

from dcrf.config.method_config import DatasetConfig
from dcrf.config.path_checks import is_folder, is_there
from dcrf.schema.registry import SOURCES
from dcrf.storage.digests import digest

_HASH = "sha256"


def data_digest(datasets: Sequence[DatasetConfig]) -> str:
    """Return the digest of the files that data sets name, side targets included.

    Of a file it is that of its content, of a folder that of the names and sizes of its files.
    Folders into which a library downloads its data do not count.
    """
    paths = {path for entry in datasets for path in _paths(entry) if is_there(path)}
    return digest({str(path): _content(path) for path in sorted(paths)})


def _paths(entry: DatasetConfig) -> Iterator[Path]:
    """Yield the files and folders that a data set reads."""
    keys = SOURCES.properties(SOURCES.stems[entry.source])
    own = {k for k, words in keys.items() if "x-path" in words and "x-input-unless" not in words}
    for options in (entry.options, *entry.parts):
        yield from (Path(options[key]) for key in own if isinstance(options.get(key), str | Path))
    if isinstance(entry.side_targets, Mapping):
        yield Path(entry.side_targets["path"])


def _content(path: Path) -> Any:
    if is_folder(path):
        return _sizes(path)
    facts = path.stat()
    return _file_digest(path, facts.st_size, facts.st_mtime_ns)


@cache
def _sizes(folder: Path) -> Mapping[str, int]:
    """Return file -> its size, once for each folder: all combinations have the same data."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.stat().st_size for file in files}


@cache
def _file_digest(path: Path, size: int, time: int) -> str:
    """Return the digest of the content, once for each size and time of change."""
    with path.open("rb") as file:
        return file_digest(file, _HASH).hexdigest()
