"""Base class of executors."""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from types import FrameType, MappingProxyType, TracebackType
from typing import Any, ClassVar, Self

from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import Console, PlainConsole
from dcrf.runs.job import Job
from dcrf.training.interruption import SIGNALS

Run = Callable[[Job], Outcome]
"""A function at the top of a module, which runs a job in its process."""


class RunExecutor(Executor):
    """Runs jobs through the interface of `concurrent.futures.Executor`.

    An executor is a module of its name with one such class, which the flag `--executor` knows by
    that name. An extra of that name installs its packages, if it has any.

    Inside a `with` block in the main thread, signals interrupt the runs instead of this process.
    After a signal no job starts: the futures of later ones raise CancelledError.

    Args:
        jobs: the largest number of runs at the same time; None for the executor's own.
        timeout: seconds until a run is stopped; None for no limit.
        console: shows the lines of runs whose lines have a prefix, and those about all runs.

    flags: name -> the keywords of `add_argument` of a flag that only this executor has, which is
        also an argument of its constructor.
    is_remote: whether runs do not share the terminal and the memory of this machine.
    signals: the signals received, in order.
    """

    flags: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    is_remote: ClassVar[bool] = False

    def __init__(
        self, jobs: int | None = None, timeout: float | None = None, console: Console | None = None
    ) -> None:
        self.jobs, self.timeout, self.console = jobs, timeout, console or PlainConsole()
        self.signals: list[int] = []
        self._handlers: dict[int, Any] = {}

    @classmethod
    def check(cls, **flags: Any) -> None:
        """Check whether the executor can be used, before anything is read or written.

        Args:
            flags: the executor's own.

        Raises:
            DcrfError: a package is missing, a flag is invalid, or a server cannot be reached.
        """

    def at_once(self, n_runs: int) -> int:
        """Return the number of runs to submit at the same time."""
        raise NotImplementedError

    def threads(self, here: int, at_once: int) -> int:
        """Return the number of torch threads of a run.

        Args:
            here: the number of all runs of this process together.
            at_once: the number of runs at the same time.
        """
        return max(1, here // at_once)

    def prepare(self, jobs: Sequence[Job], folder: Path) -> None:
        """Check that the jobs can run, before the first one is submitted.

        Args:
            jobs: all jobs.
            folder: the output folder, which is created if that is needed.

        Raises:
            DcrfError: a machine lacks something that the jobs need.
        """

    def submit(self, run: Run, /, job: Job) -> Future[Outcome]:  # type: ignore[override]
        """Let `run(job)` be called in a process of its own; return the future of its outcome.

        Raises:
            RuntimeError: the executor is shut down.
        """
        raise NotImplementedError

    def interrupt(self, number: int, frame: FrameType | None = None) -> None:
        """Forward a signal to all runs and cancel waiting jobs; a signal handler."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what the executor holds, once no run is left."""

    def handlers(self) -> dict[int, Callable[[int, FrameType | None], None]]:
        """Return the signals that the executor handles, with their handlers."""
        return dict.fromkeys(SIGNALS, self.interrupt)

    def __enter__(self) -> Self:
        """Handle signals, if this is the main thread; ignored signals stay ignored."""
        if threading.current_thread() is threading.main_thread():
            for handled, handler in self.handlers().items():
                if signal.getsignal(handled) != signal.SIG_IGN:
                    self._handlers[handled] = signal.signal(handled, handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the runs and restore the signal handlers."""
        try:
            self.shutdown(cancel_futures=True)
        finally:
            for handled, handler in self._handlers.items():
                signal.signal(handled, handler)
            self.close()
