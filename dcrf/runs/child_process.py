"""The process of one run, as the main process sees it: output, time-out, signals, outcome."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from multiprocessing.connection import Connection, Pipe, wait

from dcrf.reporting.lines import duration
from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import Console
from dcrf.runs.job import Job
from dcrf.runs.process_entry import GRACE, start

_CHUNK = 2**16
_FORWARDED = 2
"""Signals forwarded to a run: the first ends its iteration, the second stops at once."""
_SERVER_DIED = 255
"""Exit code of a process whose server died, so that its real one is unknown."""


class ChildProcess:
    """A running job.

    Args:
        run: the function to call with the job.
        job: the job.
        timeout: seconds until it is stopped; None for no limit.
        console: shows the lines of the process, if these have a prefix.

    Raises:
        OSError, EOFError: no process can be started.

    received: the outcome that the process has sent, if any.
    deadline: time at which it is asked to end, or killed if it was asked before.
    stopped: `interrupted` or `timed out` once this process has asked it to end.
    """

    def __init__(
        self, run: Callable[[Job], Outcome], job: Job, timeout: float | None, console: Console
    ) -> None:
        self.job, self.timeout, self.console = job, timeout, console
        self.results, results = Pipe(duplex=False)
        self.lines, lines = None, None
        if job.output.prefix:
            self.lines, lines = Pipe(duplex=False)
        try:
            self.process = start(run, job, results, lines)
        finally:
            results.close()
            if lines is not None:
                lines.close()
        assert self.process.pid is not None
        self.pid = self.process.pid  # still needed once the process object is closed
        self.started = time.monotonic()
        self.deadline = inf if timeout is None else self.started + timeout
        self.partial_line = b""
        self.received: Outcome | None = None
        self.interruptions = 0
        self.stopped: str | None = None

    def poll(self) -> Outcome | None:
        """Print its lines and enforce the deadline; return the outcome once it has ended."""
        ended = self.process.exitcode is not None  # before reading, so that nothing is missed
        if self.process.exitcode == _SERVER_DIED:  # it may still run, unobserved
            self._kill()
            wait([self.results], GRACE)
        self._print_lines()
        self._receive()
        if ended:
            return self._ended()
        if time.monotonic() >= self.deadline:
            self._enforce_deadline()
        return None

    def interrupt(self, number: int) -> None:
        """Forward a signal, so that the run writes a checkpoint; the third one kills it."""
        self.interruptions += 1
        self.stopped = self.stopped or "interrupted"
        self.deadline = max(self.deadline, time.monotonic() + GRACE)
        if self.interruptions <= _FORWARDED:
            self._send(number)
        else:
            self._kill()

    def pause(self) -> None:
        """Stop the process and its own child processes until `resume`."""
        self._send_to_group(signal.SIGSTOP)

    def resume(self, seconds: float) -> None:
        """Continue after a pause, whose seconds do not count for the time-out."""
        self.deadline += seconds
        self._send_to_group(signal.SIGCONT)

    def channels(self) -> list[Connection | int]:
        """Return the connections that become readable when `poll` has work."""
        channels = [self.process.sentinel, self.lines, None if self.received else self.results]
        return [channel for channel in channels if channel is not None]

    def _enforce_deadline(self) -> None:
        """Ask the process to end; kill it if it was asked before, or has sent its outcome."""
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

    def _send_to_group(self, number: int) -> None:
        self._send(number, os.killpg)
        self._send(number)  # it has not set its group yet if it has just started

    def _kill(self) -> None:
        self._send_to_group(signal.SIGKILL)

    def _receive(self) -> None:
        if self.received is None and self.results.poll():
            with suppress(EOFError):
                self.received = self.results.recv()
                self.deadline = time.monotonic() + GRACE

    def _print_lines(self) -> None:
        while self.lines is not None and wait([self.lines], 0):
            chunk = os.read(self.lines.fileno(), _CHUNK)
            *lines, self.partial_line = (self.partial_line + chunk).split(b"\n")
            if not chunk:
                self.lines.close()
                self.lines = None
                lines = [self.partial_line] if self.partial_line else []
            for text in lines:
                self.console.receive(self._name, text.decode(errors="replace"))

    @property
    def _name(self) -> str:
        return self.job.output.prefix.removesuffix(": ")

    def _ended(self) -> Outcome:
        self.console.remove(self._name)
        outcome = self.received or self._without_outcome()
        self.process.close()
        self.results.close()
        if self.lines is not None:
            self.lines.close()
        if outcome.status != "interrupted":
            return outcome
        if self.stopped is None:
            cause = "stopped by a signal from another process; resume it with --resume"
            return replace(outcome, status="crashed", error=cause)
        if self.stopped == "timed out":
            assert self.timeout is not None
            cause = f"stopped after {duration(self.timeout)}"
            return replace(outcome, status="timed out", error=cause)
        return outcome

    def _without_outcome(self) -> Outcome:
        """Return the outcome of a process that sent none, by its exit code."""
        code = self.process.exitcode or 0
        outcome = replace(self.job.outcome("crashed"), seconds=time.monotonic() - self.started)
        if self.stopped:
            return replace(outcome, status="interrupted")
        if code == _SERVER_DIED:
            cause = "killed because the server that forked it died; resume it with --resume"
            return replace(outcome, error=cause)
        if code == -signal.SIGKILL:
            cause = "killed by SIGKILL, possibly by the system for lack of memory"
            return replace(outcome, status="out of memory", error=cause)
        if code < 0:
            name, meaning = signal.Signals(-code).name, signal.strsignal(-code)
            return replace(outcome, error=f"died of {name} ({meaning})")
        return replace(outcome, error=f"exited with code {code} without a result")
