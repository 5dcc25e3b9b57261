"""Ctrl-C and SIGTERM: a wish to stop, which the trainer grants once the iteration is done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A run was stopped by a signal.

    number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Stop:
    """Whether somebody wishes that the run stops; the second wish interrupts whatever is done."""

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self.number is not None:
            raise Interrupted(number)
        self.number = number

    @property
    def is_wanted(self) -> bool:
        """Whether a signal has come."""
        return self.number is not None

    def here(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self.number is not None:
            raise Interrupted(self.number)


@contextmanager
def signals_to(stop: Stop) -> Iterator[None]:
    """Inside the block signals are wishes; only in the main thread, which alone gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
