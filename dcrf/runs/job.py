"""A run as a job for an executor."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcrf.config.method_config import MethodConfig
from dcrf.errors import cause_of, status_of
from dcrf.reporting.records import Outcome

if TYPE_CHECKING:
    from dcrf.runs.one_run import Output


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a method.

    threads: number of torch threads.
    """

    config: MethodConfig
    seed: int
    output: "Output"
    threads: int

    def outcome(self, status: str, error: str | None = None) -> Outcome:
        """Return the outcome of a job that returned none itself."""
        return Outcome(
            str(self.config.source),
            self.config.name,
            self.seed,
            status,
            error=error,
            overrides=self.output.overrides,
        )

    def failure(self, error: BaseException) -> Outcome:
        """Return the outcome of a job that raised an error."""
        return self.outcome(status_of(error), cause_of(error))


def run_job(job: Job) -> Outcome:
    """Run a job in this process."""
    import torch  # noqa: PLC0415 - a process that only plans runs does not need it

    from dcrf.runs.one_run import run_method  # noqa: PLC0415 - imports torch

    if torch.get_num_threads() != job.threads:
        torch.set_num_threads(job.threads)
    return run_method(job.config, job.seed, job.output)
