"""A job that another machine runs, and runs again if that machine is lost."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dcrf.errors import DcrfError
from dcrf.executors.remote.requirements import Requirements
from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import Console
from dcrf.runs.changed_criteria import changeable
from dcrf.runs.child_process import ChildProcess
from dcrf.runs.job import Job
from dcrf.runs.new_run import create_run_folder
from dcrf.runs.resume import changes_of, finished_outcome
from dcrf.runs.run_folder import CHECKPOINTS, ENVIRONMENT
from dcrf.storage.atomic_files import locked

_LONGEST_WAIT = 60.0
"""Seconds until the run of a lost worker must have ended; it notices the loss at once."""
_LOOK = 0.1
"""Seconds between looks at a lock."""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job with its run folder, which exists before any machine has started the run.

    So each attempt resumes the run of the one before at its newest checkpoint.

    run: calls the job in its process.
    timeout: seconds until the run is stopped; None for no limit.
    needs: what a machine needs.
    """

    run: Callable[[Job], Outcome]
    job: Job
    timeout: float | None
    needs: Requirements

    def settled(self) -> Outcome | None:
        """Return the outcome of a job that needs no process on this machine, else None.

        Its run has ended in an earlier attempt, or cannot run here. While the process of an
        earlier attempt ends, this waits.
        """
        if reasons := self.needs.unmet():
            machine = f"the machine {os.uname().nodename} cannot run it"
            return self.job.outcome("failed", f"{machine}: {'; '.join(reasons)}")
        _wait_until_free(self.folder)
        return self._ended()

    def start(self, console: Console) -> ChildProcess:
        """Start the run in a process of its own on this machine.

        Args:
            console: shows its lines, if these have a prefix.

        Raises:
            OSError, EOFError: no process can be started.
        """
        return ChildProcess(
            partial(run_in, self.needs.folder, self.run), self.job, self.timeout, console
        )

    @property
    def folder(self) -> Path:
        """The run folder, also for a process with another working folder."""
        return self.needs.folder / run_folder(self.job)

    def _ended(self) -> Outcome | None:
        """Return the outcome of a run that has ended with `ok` and does not continue."""
        config, seed = self.job.config, self.job.seed
        outcome = finished_outcome(self.folder, config.source)
        with suppress(DcrfError):  # the run itself reports it
            if outcome and not changes_of(config, seed, self.folder, changeable(config)):
                return replace(outcome, folder=str(run_folder(self.job)))
        return None


def run_in(folder: Path, run: Callable[[Job], Outcome], job: Job) -> Outcome:
    """Call `run(job)` in a working folder."""
    os.chdir(folder)
    return run(job)


def with_folder(job: Job) -> Job:
    """Return a job that resumes a run which has its folder, although it may not have started.

    Raises:
        OSError: the folder cannot be created.
    """
    if job.output.resume_folder is not None:
        return job
    folder = create_run_folder(job.config, job.seed, job.output, job.threads)
    return replace(job, output=replace(job.output, resume_folder=folder))


def run_folder(job: Job) -> Path:
    """Return the run folder of a job that has one."""
    assert job.output.resume_folder is not None
    return job.output.resume_folder


def has_started(job: Job) -> bool:
    """Whether a run has begun to train."""
    return (run_folder(job) / ENVIRONMENT).exists()


def discard_unstarted(job: Job) -> None:
    """Remove the folder of a run that has not started and will not."""
    with suppress(OSError), locked(run_folder(job) / CHECKPOINTS / "lock"):
        if not has_started(job):
            shutil.rmtree(run_folder(job))
            run_folder(job).parent.rmdir()  # unless it has other runs


def _wait_until_free(folder: Path) -> None:
    """Wait while the process of an earlier attempt ends, which writes a checkpoint."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while time.monotonic() < deadline:
        with suppress(OSError), locked(folder / CHECKPOINTS / "lock"):
            return
        time.sleep(_LOOK)
