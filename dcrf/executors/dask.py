"""Dask: workers of a running scheduler, or on this machine."""

import asyncio
import logging
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import uuid4

from dcrf.errors import CommandLineError, cause_of, first_line
from dcrf.executors.remote.executor import RemoteExecutor, Submitted
from dcrf.executors.remote.requirements import Requirements, new_file_in, requirements_of
from dcrf.extras import optional_package
from dcrf.reporting.lines import outcome_line
from dcrf.reporting.records import Outcome
from dcrf.reporting.run_view import Console
from dcrf.runs.job import Job

_TIMEOUT = 5
"""Seconds until a scheduler must have answered, or a worker have come."""
_ADDRESS = re.compile(r"((tcp|tls|wss?)://)?[^/\s]+:\d+")
_THREADS = "OMP_NUM_THREADS"
_ENVIRONMENT = (
    _THREADS, "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY",
)  # fmt: skip
"""Variables that workers take over, since they decide the threads of numerical libraries."""
_RESUME = "resume it with --resume"


class Dask(RemoteExecutor):
    """Runs jobs on the workers of a Dask scheduler, each in a process of its own.

    The run of a worker that is lost is resumed by another one, as Dask decides.

    Args:
        jobs, timeout, console: as in the base class. Without a scheduler, `jobs` is the number of
            workers, 1 by default.
        dask_scheduler: the address of a scheduler; None to start workers on this machine.

    Raises:
        OSError: the scheduler, which `check` has reached, is gone.
    """

    flags: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {
            "dask_scheduler": {
                "metavar": "ADDRESS",
                "help": "scheduler of --executor dask, such as tcp://10.0.0.1:8786; without it, "
                "--jobs workers start on this machine",
            }
        }
    )

    def __init__(
        self,
        jobs: int | None = None,
        timeout: float | None = None,
        console: Console | None = None,
        dask_scheduler: str | None = None,
    ) -> None:
        distributed = _package()
        self.cluster = None
        self.topic = f"dcrf-{uuid4().hex}"
        self.tasks: dict[str, Future[Outcome]] = {}  # by keys of jobs, as the next one
        self.workers: dict[str, str] = {}  # those that have started the runs last
        if dask_scheduler is None:
            self.cluster = distributed.LocalCluster(
                n_workers=jobs or 1,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        self.address = dask_scheduler or self.cluster.scheduler_address  # type: ignore[union-attr]
        self.client = distributed.Client(self.address, timeout=_TIMEOUT, set_as_default=False)
        self.is_registered = False
        self.client.subscribe_topic(self.topic, self._receive)
        self.executor = self.client.get_executor(pure=False)
        super().__init__(jobs, timeout, console)

    @classmethod
    def check(cls, dask_scheduler: str | None = None) -> None:  # type: ignore[override]
        """Check that the package is installed and the scheduler answers."""
        distributed = _package()
        if dask_scheduler is not None:
            _check_scheduler(distributed, dask_scheduler)

    def threads(self, here: int, at_once: int) -> int:
        """Return the cores of a worker for each run that it runs at the same time.

        All runs have the same number, so that it does not matter which worker runs them. If the
        environment of this process sets a number, all have that.
        """
        if self.cluster is not None:
            return max(1, here // (self.jobs or 1))
        return here if _THREADS in os.environ else self._cores_for_a_run

    def prepare(self, jobs: Sequence[Job], folder: Path) -> None:
        """Ask every worker whether it can run the jobs."""
        from dcrf.executors.remote.dask_plugin import (  # noqa: PLC0415 - it needs the package
            RunPlugin,
            answer,
        )

        with new_file_in(folder) as file:
            self.needs = requirements_of(jobs, folder)
            visible = replace(self.needs, written=file)
            answers = self._ask(answer, visible)
            reasons = list(_reasons(answers, visible))
            if reasons:
                raise CommandLineError("\n".join(reasons))
        for address, (_, differences) in answers.items():
            if differences:
                note = f"note: the worker {address} has {', '.join(differences)}"
                self.console.say(f"{note}: results may differ in their last digits")
        environment = {name: os.environ.get(name) for name in _ENVIRONMENT}
        plugin = RunPlugin(self.topic, environment, leaves_group=self.cluster is not None)
        self.client.register_plugin(plugin)
        self.is_registered = True

    def send(self, submitted: Submitted) -> None:
        """Submit a task to Dask."""
        from dcrf.executors.remote.dask_plugin import (  # noqa: PLC0415 - it needs the package
            run_on_worker,
        )

        task = self.executor.submit(run_on_worker, self.topic, submitted.request)
        self.tasks[submitted.key] = task
        task.add_done_callback(partial(self._finish, submitted))

    def stop(self, submitted: Submitted) -> None:
        """Cancel a task, unless a worker has begun it."""
        task = self.tasks.get(submitted.key)
        if task is not None and submitted.key not in self.workers:
            task.cancel()

    def forward(self, number: int) -> None:
        """Send a signal to the runs on all workers."""
        from dcrf.executors.remote.dask_plugin import (  # noqa: PLC0415 - it needs the package
            interrupt_runs,
        )

        with suppress(OSError):
            self.client.run(interrupt_runs, self.topic, number, on_error="ignore")

    def abandoned(self, submitted: Submitted) -> str | None:
        """Return the worker that may still run the job."""
        worker = self.workers.get(submitted.key)
        return f"the worker {worker} has not said that it stopped" if worker else None

    def close(self) -> None:
        """Disconnect, and stop the workers that this process has started."""
        if self.is_registered:
            with suppress(OSError):  # the scheduler is gone
                self.client.unregister_worker_plugin(self.topic)
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()

    @cached_property
    def _cores_for_a_run(self) -> int:
        """The least number of cores that a worker's machine has for each of its runs."""
        system = optional_package("dask.system", "dask")
        cores = self._ask(system.cpu_count)
        runs: dict[str, int] = {}
        for address in cores:
            runs[_host(address)] = runs.get(_host(address), 0) + self._worker(address)["nthreads"]
        return max(1, min(cores[address] // runs[_host(address)] for address in cores))

    def _ask(self, function: Any, *arguments: Any) -> dict[str, Any]:
        """Return worker -> what a function returns or raises there.

        Raises:
            CommandLineError: the scheduler has no workers.
        """
        try:
            self.client.wait_for_workers(1, _TIMEOUT)
        except OSError as error:
            start = f"start some with: dask worker {self.address}"
            raise CommandLineError(
                f"the scheduler {self.address} has no workers; {start}"
            ) from error
        answers: dict[str, Any] = self.client.run(function, *arguments, on_error="return")
        return answers

    def _worker(self, address: str) -> Mapping[str, Any]:
        workers: Mapping[str, Mapping[str, Any]] = self.client.scheduler_info()["workers"]
        return workers[address]

    def _receive(self, event: tuple[float, Mapping[str, str]]) -> None:
        """Print what a worker sends: a line of a run or about it, or that it starts one."""
        _, message = event
        if "start" in message:
            self._say_start(message["start"], message["worker"])
        elif "run" in message:
            self.console.receive(message["run"], message["line"])
        else:
            self.console.say(message["line"])

    def _say_start(self, key: str, worker: str) -> None:
        before, self.workers[key] = self.workers.get(key), worker
        if key not in self.submitted:
            return
        job = self.submitted[key].job
        name = job.output.prefix.removesuffix(": ")
        if before is not None:
            self.console.receive(name, f"the worker {before} was lost; {worker} resumes the run")
        elif job.output.shows_lines:
            self.console.receive(name, f"runs on {worker}")

    def _finish(self, submitted: Submitted, task: Future[Outcome]) -> None:
        """Complete a job whose task has ended, in any way."""
        job = submitted.job
        if task.cancelled():
            if self.signals or self.is_shut_down:
                self.finish(submitted, None)
                return
            outcome = job.outcome("crashed", f"the scheduler {self.address} is gone; {_RESUME}")
        elif (error := task.exception()) is None:
            self.finish(submitted, task.result())
            return
        elif type(error).__name__ == "KilledWorker":
            outcome = job.outcome("crashed", f"every worker that ran it was lost; {_RESUME}")
        else:
            outcome = job.failure(error)
        self.console.say(outcome_line(outcome))
        self.finish(submitted, outcome)


def _package() -> Any:
    """Return the package, without its log lines, which repeat what dcrf says."""
    distributed = optional_package("distributed", "dask")
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


def _check_scheduler(distributed: Any, address: str) -> None:
    """Shake hands with a scheduler; a client would wait forever for another kind of server.

    Raises:
        CommandLineError: it cannot be reached.
    """
    if not _ADDRESS.fullmatch(address):
        raise CommandLineError(
            f"--dask_scheduler {address}: expected an address such as tcp://10.0.0.1:8786"
        )

    async def shake_hands() -> None:
        connection = await distributed.core.connect(address, timeout=_TIMEOUT)
        await connection.close()

    try:
        asyncio.run(asyncio.wait_for(shake_hands(), _TIMEOUT + 1))
    except OSError as error:
        raise CommandLineError(
            f"--dask_scheduler {address}: no Dask scheduler answers there "
            f"({first_line(error)}); start one with: dask scheduler"
        ) from error


def _reasons(answers: Mapping[str, Any], needs: Requirements) -> list[str]:
    """Return a line for each worker that cannot run the jobs."""
    lines = []
    for address, answer in answers.items():
        if isinstance(answer, BaseException):
            reason = f"it cannot import dcrf {needs.version} ({cause_of(answer)})"
        elif reasons := answer[0]:
            reason = "; ".join(reasons)
        else:
            continue
        lines.append(f"the Dask worker {address} cannot run these jobs: {reason}")
    return lines


def _host(address: str) -> str:
    return address.rpartition(":")[0]
