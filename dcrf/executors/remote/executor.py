"""What executors of clusters share: run folders, cancellation, and one thread for commands."""

import threading
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import FrameType
from typing import ClassVar

from dcrf.executors.base import Run, RunExecutor
from dcrf.executors.remote.job import (
    RemoteJob,
    discard_unstarted,
    has_started,
    run_folder,
    with_folder,
)
from dcrf.executors.remote.requirements import Requirements
from dcrf.reporting.lines import outcome_line
from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import Console
from dcrf.runs.job import Job

_INTERVAL = 0.5
"""Seconds between looks at submitted jobs."""
_PATIENCE = 3
"""Signals after which this process no longer waits for runs."""


@dataclass(frozen=True, slots=True, eq=False)
class Submitted:
    """A job that has been submitted.

    future: of its outcome.
    request: as the other machine gets it.
    is_new: whether its run folder was made for it.
    """

    future: Future[Outcome]
    request: RemoteJob
    is_new: bool

    @property
    def job(self) -> Job:
        """The job, with its run folder."""
        return self.request.job

    @property
    def key(self) -> str:
        """A name that no other job has."""
        return str(run_folder(self.job))


class RemoteExecutor(RunExecutor):
    """Runs jobs on other machines.

    Subclasses send jobs and stop them. Signal handlers only queue commands for a thread.

    Args:
        jobs, timeout, console: as in the base class.

    needs: what a machine needs; `prepare` must set it.
    submitted: by key, the jobs that have not ended.
    """

    is_remote: ClassVar[bool] = True
    needs: Requirements

    def __init__(
        self, jobs: int | None = None, timeout: float | None = None, console: Console | None = None
    ) -> None:
        super().__init__(jobs, timeout, console)
        self.submitted: dict[str, Submitted] = {}
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.is_shut_down, self._is_closing = False, False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    @abstractmethod
    def send(self, submitted: Submitted) -> None:
        """Let another machine start a job; call `finish` once it has ended."""

    @abstractmethod
    def stop(self, submitted: Submitted) -> None:
        """Take a job that no machine has started out of the queue, if that is possible."""

    @abstractmethod
    def forward(self, number: int) -> None:
        """Let the running jobs write a checkpoint and stop."""

    @abstractmethod
    def abandoned(self, submitted: Submitted) -> str | None:
        """Return what may still run, for the outcome of a job whose end is not awaited."""

    def look(self) -> None:
        """Look which jobs have ended, if nothing reports it."""

    def at_once(self, n_runs: int) -> int:
        """Return `jobs`, or all: the cluster has a queue of its own."""
        return min(self.jobs or n_runs, n_runs)

    def submit(self, run: Run, /, job: Job) -> Future[Outcome]:  # type: ignore[override]
        """Send a job to another machine; return the future of its outcome.

        Raises:
            RuntimeError: the executor is shut down.
        """
        if self.is_shut_down:
            raise RuntimeError("the executor is shut down")
        future: Future[Outcome] = Future()
        if self.signals:
            future.set_exception(CancelledError())
            return future
        try:
            request = RemoteJob(run, with_folder(job), self.timeout, self.needs)
        except OSError as error:
            outcome = job.outcome("failed", f"results cannot be written: {error}")
            self.console.say(outcome_line(outcome))
            future.set_result(outcome)
            return future
        submitted = Submitted(future, request, job.output.resume_folder is None)
        self.submitted[submitted.key] = submitted
        self.send(submitted)
        if self.signals:  # one has come in between
            self._commands.put(self._stop_unstarted)
        return future

    def finish(self, submitted: Submitted, outcome: Outcome | None) -> None:
        """Complete the future of a job that has ended; None if it has not started."""
        with self._lock:
            if self.submitted.pop(submitted.key, None) is None:
                return
        if submitted.is_new:
            discard_unstarted(submitted.job)
        if outcome is None:
            submitted.future.set_exception(CancelledError())
        else:
            submitted.future.set_result(outcome)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more jobs; wait for the running ones, or cancel those that have not started."""
        self.is_shut_down = True
        if cancel_futures:
            self._commands.put(self._stop_unstarted)
        if wait:
            self._commands.put(self._end_when_idle)
            self._thread.join()

    def interrupt(self, number: int, frame: FrameType | None = None) -> None:
        """Forward a signal to all runs and cancel waiting jobs; a signal handler."""
        self.signals.append(number)

        def obey() -> None:
            self._stop_unstarted()
            self.forward(number)
            if len(self.signals) >= _PATIENCE:
                self._abandon()

        self._commands.put(obey)

    def _supervise(self) -> None:
        """Execute commands and look at jobs, until closing and idle."""
        try:
            while not (self._is_closing and self._commands.empty() and not self.submitted):
                with suppress(Empty):
                    self._commands.get(timeout=_INTERVAL)()
                self.look()
        except Exception as error:
            self.is_shut_down = True
            for submitted in list(self.submitted.values()):
                self.finish(submitted, submitted.job.failure(error))
            raise

    def _end_when_idle(self) -> None:
        self._is_closing = True

    def _stop_unstarted(self) -> None:
        for submitted in list(self.submitted.values()):
            if not has_started(submitted.job):
                self.stop(submitted)

    def _abandon(self) -> None:
        """Wait no longer for the runs."""
        for submitted in list(self.submitted.values()):
            outcome = submitted.job.outcome("interrupted", self.abandoned(submitted))
            self.finish(submitted, outcome)
