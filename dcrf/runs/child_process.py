"""The process of a run, seen from outside: its lines, its outcome, its end."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from multiprocessing.connection import Connection, Pipe, wait

from dcrf.runs.process_entry import GRACE, Job, start
from dcrf.reporting.lines import duration
from dcrf.reporting.summary import Outcome
from dcrf.reporting.writers import say

_CHUNK = 2**16
_PATIENCE = 2
"""Signals that are passed on: the first asks for an end in order, the second for a quick one."""
_UNKNOWN = 255
"""Exit code of a process whose server has gone before it."""


class Child:
    """A run in a process of its own, from its start to its end.

    Args:
        job: the run.
        timeout: seconds that it may take; None for as many as it takes.

    Raises:
        OSError, EOFError: the machine has no process to give.
    """

    def __init__(self, job: Job, timeout: float | None) -> None:
        self.job, self.timeout = job, timeout
        self.results, results = Pipe(duplex=False)
        self.lines, lines = None, None
        if job.output.prefix:
            self.lines, lines = Pipe(duplex=False)
        try:
            self.process = start(job, results, lines)
        finally:
            results.close()
            if lines is not None:
                lines.close()
        assert self.process.pid is not None
        self.pid = self.process.pid  # a signal may come when the process is closed already
        self.started = time.monotonic()
        self.deadline = inf if timeout is None else self.started + timeout
        self.rest = b""
        self.received: Outcome | None = None
        self.interruptions = 0
        self.stopped: str | None = None

    def look(self) -> Outcome | None:
        """Pass its lines on, see to its time; return the outcome once the process has ended."""
        ended = self.process.exitcode is not None  # asked first: what it wrote is there then
        if self.process.exitcode == _UNKNOWN:  # it may go on, and nobody would know when it ends
            self._kill()
            wait([self.results], GRACE)
        self._read_lines()
        self._receive()
        if ended:
            return self._ended()
        if time.monotonic() >= self.deadline:
            self._hurry()
        return None

    def interrupt(self, number: int) -> None:
        """Pass a signal on, that it may end in order; the third one kills."""
        self.interruptions += 1
        self.stopped = self.stopped or "interrupted"
        self.deadline = max(self.deadline, time.monotonic() + GRACE)
        if self.interruptions <= _PATIENCE:
            self._send(number)
        else:
            self._kill()

    def pause(self) -> None:
        """Stop it, and the processes that it has started, until it is to go on."""
        self._send_all(signal.SIGSTOP)

    def go_on(self, seconds: float) -> None:
        """Let it go on after so many seconds, which do not count for its time."""
        self.deadline += seconds
        self._send_all(signal.SIGCONT)

    def channels(self) -> list[Connection | int]:
        """Return what becomes readable when there is something to look at."""
        open_ones = [self.process.sentinel, self.lines, None if self.received else self.results]
        return [channel for channel in open_ones if channel is not None]

    def _hurry(self) -> None:
        """Ask it to end, or kill it, if it has been asked before, or is done."""
        if self.stopped or self.received:
            self.deadline = inf
            self._kill()
        else:
            self.stopped = "timed out"
            self.deadline = time.monotonic() + GRACE
            self._send(signal.SIGTERM)

    def _send(self, number: int, send: Callable[[int, int], None] = os.kill) -> None:
        with suppress(ProcessLookupError):
            send(self.pid, number)

    def _send_all(self, number: int) -> None:
        """Send it a signal, and the processes that it has started."""
        self._send(number, os.killpg)
        self._send(number)  # in its first moments it has no group of its own

    def _kill(self) -> None:
        self._send_all(signal.SIGKILL)

    def _receive(self) -> None:
        if self.received is None and self.results.poll():
            with suppress(EOFError):
                self.received = self.results.recv()
                self.deadline = time.monotonic() + GRACE

    def _read_lines(self) -> None:
        while self.lines is not None and wait([self.lines], 0):
            found = os.read(self.lines.fileno(), _CHUNK)
            *lines, self.rest = (self.rest + found).split(b"\n")
            if not found:
                self.lines.close()
                self.lines = None
                lines = [self.rest] if self.rest else []
            for text in lines:
                say(f"{self.job.output.prefix}{text.decode(errors='replace')}")

    def _ended(self) -> Outcome:
        outcome = self.received or self._without_outcome()
        self.process.close()
        self.results.close()
        if self.lines is not None:
            self.lines.close()
        if outcome.status != "interrupted":
            return outcome
        if self.stopped is None:
            cause = "stopped by a signal from outside; go on with --resume"
            return replace(outcome, status="crashed", error=cause)
        if self.stopped == "timed out":
            assert self.timeout is not None
            cause = f"stopped after {duration(self.timeout)}"
            return replace(outcome, status="timed out", error=cause)
        return outcome

    def _without_outcome(self) -> Outcome:
        code = self.process.exitcode or 0
        made = replace(self.job.outcome("crashed"), seconds=time.monotonic() - self.started)
        if self.stopped:
            return replace(made, status="interrupted")
        if code == _UNKNOWN:
            cause = "stopped, as the server that it came from has died; go on with --resume"
            return replace(made, error=cause)
        if code == -signal.SIGKILL:
            return replace(made, status="out of memory", error="killed, perhaps for memory")
        if code < 0:
            name, meaning = signal.Signals(-code).name, signal.strsignal(-code)
            return replace(made, error=f"died of {name} ({meaning})")
        return replace(made, error=f"ended with exit code {code}, without a result")
