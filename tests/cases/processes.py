"""Processes as Linux shows them."""

import time
from pathlib import Path

LONG_ENOUGH = 60  # seconds; conditions take hundredths unless a process hangs


def state(pid):
    """The letter of a process's state, T if it is stopped; None if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def until(condition):
    """Wait until other processes have fulfilled a condition."""
    deadline = time.monotonic() + LONG_ENOUGH
    while not condition():
        assert time.monotonic() < deadline
