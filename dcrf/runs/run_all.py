"""Run many jobs through an executor, each after the jobs whose files it needs."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait

from dcrf.reporting.lines import outcome_line
from dcrf.reporting.records import AS_ASKED, Outcome
from dcrf.reporting.writers import say
from dcrf.runs.dependencies import Dependencies, dependencies
from dcrf.runs.job import Job

_HOW_ENDED = {
    "out of memory": "ran out of memory",
    "interrupted": "was interrupted",
    "not run": "was not run",
    "partial": "has stopped before its end",
}
"""How a run ended, for statuses that do not fit `has <status>`."""


def run_job(job: Job) -> Outcome:
    """Run a job in this process."""
    import torch  # noqa: PLC0415 - a process that only plans runs does not need it

    from dcrf.runs.one_run import run_method  # noqa: PLC0415 - imports torch

    if torch.get_num_threads() != job.threads:
        torch.set_num_threads(job.threads)
    return run_method(job.config, job.seed, job.output)


def run_all(
    jobs: Sequence[Job],
    executor: Executor,
    *,
    run: Callable[[Job], Outcome] = run_job,
    at_once: int = 1,
    continue_on_failure: bool = False,
    say: Callable[[str], None] = say,
) -> list[Outcome]:
    """Run all jobs; return their outcomes in order.

    A job without an outcome of its own is `not run`: the queue stopped before it, or another run
    did not save a file that it loads.

    Args:
        jobs: in their order; later ones may load files that earlier ones save.
        executor: any executor of `concurrent.futures`. It decides how runs are interrupted, and
            may cancel futures; the queue then stops.
        run: a function at the top of a module, which runs a job in its process.
        at_once: number of jobs submitted at the same time.
        continue_on_failure: whether other jobs still start after one has failed.
        say: prints a line about a job that could not run.
    """
    queue = RunQueue(jobs, continue_on_failure, say)
    running: dict[Future[Outcome], int] = {}
    while True:
        while len(running) < at_once and (number := queue.pop_ready()) is not None:
            running[executor.submit(run, jobs[number])] = number
        if not running:
            return [queue.outcomes.get(n) or job.outcome("not run") for n, job in enumerate(jobs)]
        # an executor may cancel futures without notifying `wait`
        done = {future for future in running if future.done()}
        for future in done or wait(running, return_when=FIRST_COMPLETED).done:
            number = running.pop(future)
            try:
                queue.finish(number, future.result())
            except CancelledError:
                queue.is_stopped = True
            except Exception as error:  # noqa: BLE001 - of the executor; a job returns its failure
                queue.finish(number, jobs[number].failure(error))
                say(outcome_line(queue.outcomes[number]))
        if queue.is_stopped:
            executor.shutdown(wait=False, cancel_futures=True)


class RunQueue:
    """The order of jobs: which may start, which must wait, which cannot run.

    Args:
        jobs: in their order.
        continue_on_failure: whether jobs still start after one has failed.
        say: prints a line about a job that cannot run.

    outcomes: of the jobs that have ended or cannot run, by number.
    is_stopped: whether no more jobs start.
    """

    def __init__(
        self, jobs: Sequence[Job], continue_on_failure: bool, say: Callable[[str], None] = say
    ) -> None:
        self.jobs, self.continue_on_failure, self.say = jobs, continue_on_failure, say
        self.dependencies = dependencies([(j.config, j.output.seed_in_names) for j in jobs])
        self.outcomes: dict[int, Outcome] = {}
        self.is_stopped = False
        self._waiting = list(range(len(jobs)))

    def pop_ready(self) -> int | None:
        """Return the number of the next job to start, or None if none may start now."""
        for number in list(self._waiting):  # one pass is enough: jobs depend on earlier ones only
            needed = self.dependencies[number]
            if not needed.files.keys() | needed.ended <= self.outcomes.keys():
                continue
            if missing := self._missing_file(needed):
                self._waiting.remove(number)
                self.finish(number, self.jobs[number].outcome("not run", missing))
                self.say(outcome_line(self.outcomes[number]))
            elif not self.is_stopped:
                self._waiting.remove(number)
                return number
        return None

    def finish(self, number: int, outcome: Outcome) -> None:
        """Note how a job ended; a failure may stop the queue."""
        self.outcomes[number] = outcome
        if outcome.status not in AS_ASKED and not self.continue_on_failure:
            self.is_stopped = True

    def _missing_file(self, needed: Dependencies) -> str | None:
        """Return why a job cannot run: the file on disk may be one of an earlier invocation."""
        for number, file in needed.files.items():
            if (saver := self.outcomes[number]).status != "ok":
                how = _HOW_ENDED.get(saver.status, f"has {saver.status}")
                return f"needs {file} of {saver.method}, which {how}"
        return None
