"""Slurm: each run is a job of its own, submitted by submitit."""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from dcrf.config.rules.suggestions import closest
from dcrf.errors import CommandLineError, first_line
from dcrf.executors.remote.executor import RemoteExecutor, Submitted
from dcrf.executors.remote.requirements import new_file_in, requirements_of
from dcrf.extras import optional_package
from dcrf.reporting.lines import outcome_line
from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import Console
from dcrf.runs.job import Job

_FOLDER = "slurm"
"""In the output folder: scripts and logs of the jobs."""
_ROOT = Path(__file__).parents[2]
_SIGNAL = "SUBMITIT_PREEMPT_SIGNAL"
_MINUTES = 60
_SECONDS = 5.0
"""Between questions to Slurm for jobs that were canceled."""
_REQUEUES = 1000
"""Times that a job may reach its limit of time, and is requeued."""


def _words(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return text


_SETTINGS: Mapping[str, tuple[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "account": ("slurm_account", _words),
        "cluster": ("cluster", _words),
        "constraint": ("slurm_constraint", _words),
        "cpus_per_task": ("cpus_per_task", int),
        "exclude": ("slurm_exclude", _words),
        "gpus_per_node": ("gpus_per_node", int),
        "gres": ("slurm_gres", _words),
        "mem_gb": ("mem_gb", float),
        "nodelist": ("slurm_nodelist", _words),
        "partition": ("slurm_partition", _words),
        "qos": ("slurm_qos", _words),
        "time": ("timeout_min", int),
    }
)
"""Key of `--slurm` -> submitit's name of it, and what reads its value."""


class Slurm(RemoteExecutor):
    """Runs each job as a job of Slurm.

    A job that is preempted, or reaches its limit of time, writes a checkpoint on SIGUSR1 and is
    requeued; it then resumes. Jobs continue if this process ends.

    Args:
        jobs, timeout, console: as in the base class.
        slurm: settings of the jobs, each `KEY=VALUE`.

    Raises:
        DcrfError: the package is missing, or a setting is invalid.
    """

    flags: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {
            "slurm": {
                "action": "append",
                "metavar": "KEY=VALUE",
                "help": "setting of the jobs of --executor slurm, such as partition=gpu or "
                "time=240 (minutes, default: 60); repeatable",
            }
        }
    )

    def __init__(
        self,
        jobs: int | None = None,
        timeout: float | None = None,
        console: Console | None = None,
        slurm: Sequence[str] = (),
    ) -> None:
        self.settings = {"timeout_min": _MINUTES, **_settings(slurm)}
        self.cluster = self.settings.pop("cluster", "slurm")
        self.cores = self.settings.get("cpus_per_task", 1)
        self.slurm_jobs: dict[str, Any] = {}  # by keys of jobs
        self.asked = 0.0
        self.executor: Any = None
        super().__init__(jobs, timeout, console)

    @classmethod
    def check(cls, slurm: Sequence[str] = ()) -> None:  # type: ignore[override]
        """Check the settings, and that the package and Slurm are installed."""
        _package()
        if _settings(slurm).get("cluster", "slurm") == "slurm" and not shutil.which("sbatch"):
            raise CommandLineError(
                "--executor slurm: this machine has no command sbatch; run dcrf where jobs are "
                "submitted, or try it out on this machine with --slurm cluster=local"
            )

    def threads(self, here: int, at_once: int) -> int:
        """Return the number of cores of a job."""
        return int(self.cores)

    def prepare(self, jobs: Sequence[Job], folder: Path) -> None:
        """Create the folder of the jobs' logs. Each job itself checks what it needs."""
        with new_file_in(folder):
            self.needs = requirements_of(jobs, folder)
        options = {"max_num_timeout": _REQUEUES, "python": _python()}
        self.executor = _package().AutoExecutor(
            folder / _FOLDER,
            cluster=self.cluster,
            **{f"{self.cluster}_{name}": value for name, value in options.items()},
        )
        requeue = {"slurm_additional_parameters": {"requeue": True}}  # also after a node is lost
        self.executor.update_parameters(**self.settings, **requeue)

    def send(self, submitted: Submitted) -> None:
        """Submit a job to Slurm."""
        from dcrf.executors.remote.slurm_run import (  # noqa: PLC0415 - it needs the package
            SlurmRun,
        )

        job, name = submitted.job, submitted.job.output.prefix.removesuffix(": ")
        self.executor.update_parameters(name=f"dcrf {name}")
        try:
            slurm_job = self.executor.submit(SlurmRun(submitted.request))
        except (OSError, RuntimeError) as error:
            outcome = job.outcome("failed", f"Slurm rejects the job: {first_line(error)}")
            self.console.say(outcome_line(outcome))
            self.finish(submitted, outcome)
            return
        if job.output.shows_lines:
            log = f"log in {slurm_job.paths.stdout}"
            self.console.receive(name, f"submitted as job {slurm_job.job_id}, {log}")
        self.slurm_jobs[submitted.key] = slurm_job

    def look(self) -> None:
        """Complete the jobs that have ended."""
        asks = bool(self.signals) and time.monotonic() - self.asked > _SECONDS
        if asks:
            self.asked = time.monotonic()
        for submitted in list(self.submitted.values()):
            slurm_job = self.slurm_jobs.get(submitted.key)
            if slurm_job is not None and slurm_job.done(force_check=asks):
                self.finish(submitted, self._outcome(submitted, slurm_job))

    def stop(self, submitted: Submitted) -> None:
        """Cancel a job that waits in the queue."""
        if self._cancel(submitted):
            self.finish(submitted, None)

    def forward(self, number: int) -> None:
        """Cancel the running jobs: Slurm sends SIGTERM, and their runs write a checkpoint."""
        for submitted in list(self.submitted.values()):
            self._cancel(submitted)

    def abandoned(self, submitted: Submitted) -> str | None:
        """Return the job that may still run."""
        if (slurm_job := self.slurm_jobs.get(submitted.key)) is None:
            return None
        number = slurm_job.job_id
        return f"the job {number} may still run; squeue shows it, scancel {number} stops it"

    def _cancel(self, submitted: Submitted) -> bool:
        """Cancel a job; return whether it has been submitted."""
        slurm_job = self.slurm_jobs.get(submitted.key)
        if slurm_job is not None:
            slurm_job.cancel(check=False)
        return slurm_job is not None

    def _outcome(self, submitted: Submitted, slurm_job: Any) -> Outcome:
        """Return the outcome of a job that has ended."""
        job, name = submitted.job, submitted.job.output.prefix.removesuffix(": ")
        if self.signals and not slurm_job.paths.result_pickle.exists():
            return job.outcome("interrupted")
        error = slurm_job.exception()
        if error is None:
            outcome: Outcome = slurm_job.result()
            if job.output.shows_lines:
                self.console.receive(name, f"{outcome.status}, {outcome.folder}")
            return outcome
        log = f"its log is {slurm_job.paths.stderr}"
        cause = f"the job {slurm_job.job_id} ended without a result ({_cause(error)}); {log}"
        outcome = job.outcome("crashed", f"{cause}; resume it with --resume")
        self.console.say(outcome_line(outcome))
        return outcome


def _package() -> Any:
    """Return the package, which then sends SIGUSR1, as runs expect; it reads this on import."""
    os.environ[_SIGNAL] = "USR1"
    return optional_package("submitit", "slurm")


def _python() -> str:
    """Return the shell command of Python in a job, which finds this package in any folder."""
    before = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(_ROOT), *([before] if before else [])])
    return shlex.join(["env", f"PYTHONPATH={path}", f"{_SIGNAL}=USR1", sys.executable])


def _cause(error: Exception) -> str:
    """Return the last line of the traceback in a message of submitit, or the job's state."""
    lines = str(error).splitlines()
    frame = [number for number, line in enumerate(lines) if line and not line.strip("-")]
    state = [line for line in lines if "(state: " in line]
    return lines[frame[-1] - 1] if len(frame) > 1 and not state else "".join(state)


def _settings(words: Sequence[str]) -> dict[str, Any]:
    """Return submitit's names -> values of settings.

    Raises:
        CommandLineError: an unknown key, or an invalid value.
    """
    settings = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in _SETTINGS:
            guess = closest(key, _SETTINGS)
            remedy = f"did you mean {guess}?" if guess else f"known: {', '.join(_SETTINGS)}"
            raise CommandLineError(f"--slurm {word}: unknown key {key!r}; {remedy}")
        name, read = _SETTINGS[key]
        try:
            settings[name] = read(value)
        except ValueError as error:
            expected = "a number" if read in (int, float) else "KEY=VALUE"
            raise CommandLineError(f"--slurm {word}: expected {expected}") from error
    return settings
