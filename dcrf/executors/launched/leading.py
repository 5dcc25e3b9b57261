"""The executor of the first process among those that torchrun has started."""

import signal
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import Self

from dcrf.executors.base import Run, RunExecutor
from dcrf.parallel.world import World, together
from dcrf.reporting.records import AS_ASKED, Outcome
from dcrf.reporting.run_view import Console
from dcrf.runs.job import Job
from dcrf.runs.launched import Launched
from dcrf.runs.process_group import connected


class LeadingExecutor(RunExecutor):
    """Runs each job in this process and in those that follow it, one job after another.

    No job starts after one that has failed or was interrupted: the other processes may have stopped
    elsewhere.

    Args:
        process: this one, of rank 0.
        console: as in the base class.

    signals: those received between runs, in order.
    """

    def __init__(self, process: Launched, *, console: Console | None = None) -> None:
        super().__init__(1, None, console)
        self.process = process
        self._is_over = False
        self._stack = ExitStack()
        self._world: World | None = None

    def at_once(self, n_runs: int) -> int:
        """Return 1."""
        return 1

    def submit(self, run: Run, /, job: Job) -> Future[Outcome]:  # type: ignore[override]
        """Run a job; return the completed future of its outcome."""
        future: Future[Outcome] = Future()
        if self._is_over or self.signals or self._world is None:
            future.set_exception(CancelledError())
            return future
        try:
            self._world.from_first(job)
            with together(self._world):
                outcome = run(job)
        except Exception as error:  # noqa: BLE001 - it must not affect the summary
            outcome = job.failure(error)
        self._is_over = outcome.status not in AS_ASKED
        future.set_result(outcome)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Start no more jobs."""
        self._is_over |= cancel_futures

    def interrupt(self, number: int, frame: FrameType | None = None) -> None:
        """Note a signal, after which no job starts; a signal handler."""
        self.signals.append(number)

    def __enter__(self) -> Self:
        """Connect to the other processes, and note signals from now on.

        Once a process has failed, torchrun asks all to end; this one still writes results.
        """
        for handled, handler in self.handlers().items():
            signal.signal(handled, handler)
        self._world = self._stack.enter_context(connected(self.process))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the other processes end. Signals stay noted."""
        with self._stack:
            if self._world is not None and kind is None and not self._is_over:
                self._world.from_first(None)
