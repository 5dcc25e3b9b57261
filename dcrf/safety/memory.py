"""Free memory, and the memory that an archive claims to need."""

import os
import zipfile
from pathlib import Path
from typing import BinaryIO


def free_memory() -> int:
    """Return the bytes that a process can still allocate, MemAvailable on Linux.

    On other systems, return the total memory of the machine.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    table = dict(line.split(":", 1) for line in lines)
    return int(table["MemAvailable"].split()[0]) * 1024  # the file counts KiB


def unpacked_size(file: Path | BinaryIO) -> int:
    """Return the total size in bytes that the members of a zip archive claim; 0 for other files."""
    if not zipfile.is_zipfile(file):
        return 0
    with zipfile.ZipFile(file) as archive:
        return sum(member.file_size for member in archive.infolist())


def gib(size: int) -> str:
    """Return a number of bytes for a message, such as `1.5 GiB`."""
    return f"{size / 2**30:.1f} GiB"
