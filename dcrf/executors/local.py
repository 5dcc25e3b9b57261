"""Processes on this machine."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from multiprocessing.connection import wait
from queue import Empty, SimpleQueue
from types import FrameType

from dcrf.executors.base import Run, RunExecutor
from dcrf.reporting.lines import outcome_line
from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import Console
from dcrf.runs.child_process import ChildProcess
from dcrf.runs.job import Job
from dcrf.training.interruption import SIGNALS

_LONGEST_WAIT = 86400.0
"""Seconds; the system rejects waits of 25 days and more."""


class Local(RunExecutor):
    """Runs each job in its own process on this machine, so a crash cannot affect other jobs.

    Every submitted job starts at once; `run_all` limits their number. A process that dies, is
    killed or exceeds its time has an outcome that says so. Ctrl-Z pauses the runs, too.

    Only one thread of its own touches the processes; methods and signal handlers queue commands
    for it.

    Args:
        jobs, timeout, console: as in the base class; one run at a time without `jobs`.
    """

    def __init__(
        self, jobs: int | None = None, timeout: float | None = None, console: Console | None = None
    ) -> None:
        super().__init__(jobs, timeout, console)
        self._waiting: deque[tuple[Future[Outcome], Run, Job]] = deque()
        self._running: dict[Future[Outcome], ChildProcess] = {}
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._writable, False)
        self._is_closing = False
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def at_once(self, n_runs: int) -> int:
        """Return `jobs`, or 1."""
        return min(self.jobs or 1, n_runs)

    def submit(self, run: Run, /, job: Job) -> Future[Outcome]:  # type: ignore[override]
        """Start a process that calls `run(job)`; return the future of its outcome.

        If no process can be started while others run, the job waits until one of them has ended.

        Raises:
            RuntimeError: the executor is shut down.
        """
        if self._is_closing:
            raise RuntimeError("the executor is shut down")
        future: Future[Outcome] = Future()

        def accept() -> None:
            if future.set_running_or_notify_cancel():
                self._waiting.append((future, run, job))

        self._order(accept)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more jobs; wait for the running ones, or cancel those that have not started."""
        self._is_closing = True
        self._order(self._cancel_waiting if cancel_futures else lambda: None)
        if wait:
            self._thread.join()

    def interrupt(self, number: int, frame: FrameType | None = None) -> None:
        """Forward a signal to all runs and cancel waiting jobs; a signal handler."""
        self.signals.append(number)

        def forward() -> None:
            self._cancel_waiting()
            for child in self._running.values():
                child.interrupt(number)

        self._order(forward)

    def pause(self, number: int, frame: FrameType | None = None) -> None:
        """Pause this process and all runs until a shell resumes it; a signal handler."""
        self._order(self._pause)

    def handlers(self) -> dict[int, Callable[[int, FrameType | None], None]]:
        """Return the handlers of the base class, and that of Ctrl-Z."""
        return {**super().handlers(), signal.SIGTSTP: self.pause}

    def close(self) -> None:
        """Close the pipe that wakes the thread up."""
        os.close(self._readable)
        os.close(self._writable)

    def _order(self, command: Callable[[], None]) -> None:
        """Let the supervising thread execute a command; safe in signal handlers."""
        self._commands.put(command)
        with suppress(BlockingIOError):  # the pipe is full, so the thread will wake up anyway
            os.write(self._writable, b"\0")

    def _supervise(self) -> None:
        """Start, watch and end processes, until shut down and idle."""
        # the main thread handles signals, and new processes start with them blocked
        signal.pthread_sigmask(signal.SIG_BLOCK, [*SIGNALS, signal.SIGTSTP])
        try:
            while not (
                self._is_closing
                and self._commands.empty()
                and not self._running
                and not self._waiting
            ):
                self._wait()
                self._execute_commands()
                self._collect()
                self._start_waiting()
            self._cancel_waiting()
        except Exception as error:
            self._is_closing = True
            for future in (*self._running, *(future for future, _, _ in self._waiting)):
                future.set_exception(error)
            raise

    def _wait(self) -> None:
        """Wait until a process has news or a deadline passes, or a command arrives."""
        children = self._running.values()
        deadline = min((child.deadline for child in children), default=float("inf"))
        channels = [channel for child in children for channel in child.channels()]
        seconds = min(max(deadline - time.monotonic(), 0), _LONGEST_WAIT)
        if self._readable in wait([self._readable, *channels], seconds):
            os.read(self._readable, 2**16)

    def _execute_commands(self) -> None:
        with suppress(Empty):
            while True:
                self._commands.get_nowait()()

    def _collect(self) -> None:
        """Complete the futures of processes that have ended."""
        for future, child in list(self._running.items()):
            if outcome := child.poll():
                del self._running[future]
                if child.received is None:  # the run itself could not print it
                    self.console.say(outcome_line(outcome))
                future.set_result(outcome)

    def _start_waiting(self) -> None:
        while self._waiting:
            future, run, job = self._waiting[0]
            if self.signals:
                self._cancel_waiting()
                return
            try:
                child = ChildProcess(run, job, self.timeout, self.console)
            except (OSError, EOFError) as error:
                if self._running:
                    return
                self._waiting.popleft()
                outcome = job.outcome("failed", f"no process can be started: {error}")
                self.console.say(outcome_line(outcome))
                future.set_result(outcome)
            else:
                self._waiting.popleft()
                self._running[future] = child

    def _cancel_waiting(self) -> None:
        while self._waiting:
            future, _, _ = self._waiting.popleft()
            future.set_exception(CancelledError())

    def _pause(self) -> None:
        start = time.monotonic()
        for child in self._running.values():
            child.pause()
        self.console.clear()
        signal.raise_signal(signal.SIGSTOP)
        for child in self._running.values():
            child.resume(time.monotonic() - start)
