"""How long the parts of a run take."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Durations:
    """Seconds by part; a part that is met again, after a checkpoint, goes on counting.

    seconds: of the parts that are over, by name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: tuple[str, float] | None = None

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Time the block, also where it fails; blocks do not lie within each other."""
        self._running = name, time.perf_counter()
        try:
            yield
        finally:
            self.seconds, self._running = self.state_dict(), None

    def state_dict(self) -> dict[str, float]:
        """Return the seconds until now, those of the block that is running among them."""
        found = dict(self.seconds)
        if self._running is not None:
            name, start = self._running
            found[name] = found.get(name, 0.0) + time.perf_counter() - start
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.seconds = dict(state)
