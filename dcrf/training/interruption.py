"""Ctrl-C and SIGTERM request a stop; the trainer stops after the current iteration."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A signal has stopped a run.

    number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class StopRequest:
    """A signal handler that records the first signal and raises on the second."""

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.number is not None:
            raise Interrupted(number)
        self.number = number

    @property
    def is_requested(self) -> bool:
        """Whether a signal has arrived."""
        return self.number is not None

    def raise_if_requested(self) -> None:
        """Raise Interrupted if a signal has arrived."""
        if self.number is not None:
            raise Interrupted(self.number)


@contextmanager
def handle_signals(stop: StopRequest) -> Iterator[None]:
    """Send signals to `stop` inside the block. Only the main thread receives any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
