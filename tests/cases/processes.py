"""Processes as Linux shows them."""

import time
from pathlib import Path

LONG_ENOUGH = 60  # seconds for what takes some hundredths; reached only where something hangs


def state(pid):
    """The letter of a process's state, T where it is stopped; None where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def until(condition):
    """Wait for what other processes do."""
    deadline = time.monotonic() + LONG_ENOUGH
    while not condition():
        assert time.monotonic() < deadline
