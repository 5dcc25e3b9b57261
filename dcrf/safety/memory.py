"""How much memory there is."""

import os
import zipfile
from pathlib import Path
from typing import BinaryIO


def free_memory() -> int:
    """Return how many bytes more a process could take: what Linux calls available.

    Elsewhere it is the whole memory of the machine.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    table = dict(line.split(":", 1) for line in lines)
    return int(table["MemAvailable"].split()[0]) * 1024  # it stands there in KiB


def unpacked_size(file: Path | BinaryIO) -> int:
    """Return how many bytes the members of an archive say that they hold; 0 for other files."""
    if not zipfile.is_zipfile(file):
        return 0
    with zipfile.ZipFile(file) as archive:
        return sum(member.file_size for member in archive.infolist())


def gib(size: int) -> str:
    """Return a number of bytes as people read it, `1.5 GiB`."""
    return f"{size / 2**30:.1f} GiB"
