"""Ctrl-C, SIGTERM and SIGUSR1 request a stop; the trainer stops after the current iteration."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""The signals that stop a run with a checkpoint. Batch systems send SIGUSR1 before they kill."""


class Interrupted(KeyboardInterrupt):
    """A signal has stopped a run.

    number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class StopRequest:
    """A signal handler that records the first signal and raises on the second.

    A second SIGUSR1 does not raise: batch systems send it to all processes of a job, and the main
    process forwards it.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.number is None:
            self.number = number
        elif number != signal.SIGUSR1:
            raise Interrupted(number)

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
