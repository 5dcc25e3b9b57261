"""Durations of the parts of a run."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Durations:
    """Seconds by part. A resumed part adds to the seconds before its checkpoint.

    seconds: of the finished parts, by name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: tuple[str, float] | None = None

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Time the block, also if it fails. Blocks cannot be nested."""
        self._running = name, time.perf_counter()
        try:
            yield
        finally:
            self.seconds, self._running = self.state_dict(), None

    def state_dict(self) -> dict[str, float]:
        """Return the seconds until now, including the running block."""
        seconds = dict(self.seconds)
        if self._running is not None:
            name, start = self._running
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start
        return seconds

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.seconds = dict(state)
