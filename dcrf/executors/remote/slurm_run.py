"""A run in a job of Slurm, which stops with a checkpoint and resumes after a requeue."""

import signal
from multiprocessing.connection import wait

from dcrf.executors.remote.job import RemoteJob
from dcrf.extras import optional_package
from dcrf.reporting.lines import outcome_line
from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import PlainConsole
from dcrf.runs.child_process import ChildProcess
from dcrf.runs.process_entry import GRACE

_LOOK = 1.0
"""Seconds between looks at the process."""


class SlurmRun:
    """A function for submitit, which calls `checkpoint` before a job is stopped.

    Args:
        request: the job.
    """

    def __init__(self, request: RemoteJob) -> None:
        self.request = request
        self.child: ChildProcess | None = None

    def __call__(self) -> Outcome:
        """Run the job in a process of its own; SIGINT stops it with a checkpoint."""
        console = PlainConsole()
        if (settled := self.request.settled()) is not None:
            console.say(outcome_line(settled))
            return settled
        self.child = self.request.start(console)
        while True:
            try:
                wait(self.child.channels(), _LOOK)
                if (outcome := self.child.poll()) is not None:
                    break
            except KeyboardInterrupt:
                self.child.interrupt(signal.SIGINT)
        if self.child.received is None:
            console.say(outcome_line(outcome))
        return outcome

    def checkpoint(self) -> object:
        """Stop the run with a checkpoint; return what runs after the requeue.

        The process may be within `__call__`, so this only signals the child and waits for its end.
        """
        if self.child is not None:
            self.child.interrupt(signal.SIGUSR1)
            wait([self.child.process.sentinel], GRACE)
        submission: object = optional_package("submitit", "slurm").helpers.DelayedSubmission(
            SlurmRun(self.request)
        )
        return submission
