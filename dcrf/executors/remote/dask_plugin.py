"""The runs of one invocation on a Dask worker."""

import os
import signal
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import current_process
from multiprocessing.connection import wait
from typing import Any

from dcrf.executors.remote.job import RemoteJob, run_folder
from dcrf.executors.remote.requirements import Requirements
from dcrf.extras import optional_package
from dcrf.reporting.lines import outcome_line
from dcrf.reporting.records import Outcome
from dcrf.runs.child_process import ChildProcess
from dcrf.runs.process_entry import start_server

_LOOK = 0.25
"""Seconds between looks for signals."""
_MAIN_SCRIPTS = ("dask.__main__", "distributed.cli.dask_worker")
"""Modules of the main script of a worker, which every fork would import again."""

_distributed = optional_package("distributed", "dask")


class RunPlugin(_distributed.WorkerPlugin):  # type: ignore[name-defined]
    """Runs jobs in processes of their own, so that a crash of one leaves the worker alive.

    Dask copies it to each worker, also to later ones.

    Args:
        topic: its name, and that of its events, of which no other invocation has one.
        environment: variable -> its value in the main process, None if it is not set there. They
            decide the number of threads.
        leaves_group: whether the worker leaves the process group of the main process, so that a
            terminal's Ctrl-C reaches the main process only.
    """

    def __init__(
        self, topic: str, environment: Mapping[str, str | None], *, leaves_group: bool
    ) -> None:
        self.name = self.topic = topic
        self.environment, self.leaves_group = dict(environment), leaves_group
        self.worker: Any = None
        self.is_closing = False
        self.signals: dict[str, deque[int]] = {}

    def setup(self, worker: Any) -> None:
        """Prepare a worker to start processes."""
        self.worker, self._lock = worker, threading.Lock()
        if self.leaves_group:
            os.setpgid(0, 0)
        if current_process().daemon:  # as the workers of a nanny are; such may start no process
            current_process().daemon = False
        for name, value in self.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        start_server(_MAIN_SCRIPTS)

    def teardown(self, worker: Any) -> None:
        """Stop the runs with a checkpoint: the worker closes, or the main process is gone."""
        self.is_closing = True
        self.interrupt(signal.SIGTERM)

    def interrupt(self, number: int) -> None:
        """Forward a signal to all runs."""
        for signals in list(self.signals.values()):
            signals.append(number)

    def run(self, request: RemoteJob) -> Outcome:
        """Run a job to its end; if the worker closes, let Dask reschedule it to another one.

        Raises:
            OSError, EOFError: no process can be started.
        """
        task = self.worker.get_current_task()
        self._send(start=str(run_folder(request.job)), worker=self.worker.address)
        if (outcome := request.settled()) is not None:
            if outcome.status != "ok":
                self.say(outcome_line(outcome))
            return outcome
        with self._lock:
            child = request.start(self)
        outcome = self._wait(child, task)
        if self.is_closing and outcome.status != "ok":
            raise _distributed.Reschedule
        if child.received is None:
            self.say(outcome_line(outcome))
        return outcome

    def say(self, text: str) -> None:
        """Send a line to the main process."""
        self._send(line=text)

    def receive(self, run: str, text: str) -> None:
        """Send a line of a run."""
        self._send(run=run, line=text)

    def remove(self, run: str) -> None:
        """Do nothing: no status is shown."""

    def clear(self) -> None:
        """Do nothing: all lines stay."""

    def _send(self, **message: str) -> None:
        self.worker.log_event(self.topic, message)

    def _wait(self, child: ChildProcess, task: str) -> Outcome:
        """Wait for the end of a run, and forward signals to it."""
        signals = self.signals[task] = deque()
        try:
            while (outcome := self._poll(child)) is None:
                wait(child.channels(), _LOOK)
                with suppress(IndexError):
                    child.interrupt(signals.popleft())
                if child.stopped is None and not self._is_wanted(task):
                    child.interrupt(signal.SIGTERM)
            return outcome
        finally:
            del self.signals[task]

    def _poll(self, child: ChildProcess) -> Outcome | None:
        with self._lock:  # starting a process looks at all others, and an exit code is read once
            return child.poll()

    def _is_wanted(self, task: str) -> bool:
        """Whether the main process still waits for a task; not if it is gone."""
        state = self.worker.state.tasks.get(task)
        return state is not None and state.state != "cancelled"


def run_on_worker(topic: str, request: RemoteJob) -> Outcome:
    """Run a job on this worker; a task of Dask."""
    outcome: Outcome = _distributed.get_worker().plugins[topic].run(request)
    return outcome


def interrupt_runs(topic: str, number: int, dask_worker: Any) -> None:
    """Forward a signal to the runs of an invocation on a worker."""
    if topic in dask_worker.plugins:
        dask_worker.plugins[topic].interrupt(number)


def answer(needs: Requirements) -> tuple[list[str], list[str]]:
    """Return why this worker cannot run the jobs, and which packages of it differ."""
    return needs.unmet(), needs.differences()
