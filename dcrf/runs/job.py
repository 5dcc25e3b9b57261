"""A run as a job for an executor, and how it writes its results."""

from dataclasses import dataclass
from pathlib import Path

from dcrf.config.method_config import MethodConfig
from dcrf.errors import cause_of, status_of
from dcrf.reporting.records import Outcome
from dcrf.runs.phase_order import PhaseIndex


@dataclass(frozen=True, slots=True)
class Output:
    """How a run writes its results, and to which paths.

    folder: contains the folder of each method.
    log_file: one file for all logs, `%s` replaced by the method's name; None for a log file in
        each run folder.
    writes_logs: whether log files are written.
    timestamps: whether log lines start with the time.
    seed_in_names: the seed if the names of saved files contain it, else None.
    checkpoint_interval: iterations between checkpoints; None for about one minute.
    keeps_checkpoints: whether checkpoints stay after a run that ended well.
    resume_folder: folder of the run to resume; None for a new run.
    threads: number of torch threads of the run to resume; None for a new run.
    program: the shell command of the command line, for messages.
    prefix: starts every line if several runs write at the same time.
    overrides: command-line flags that changed the file's values.
    end: the data set and the phase, both from 0, before which the run stops; None for its end.
    shows_lines: whether lines go to the terminal as well.
    sends_status: whether the main process shows the progress of several runs.
    trackers: names of the trackers that get the numbers of the run.
    saves_features: whether the features of all samples are saved after every phase.
    moments_interval: iterations between saved features of some samples; None for ends of phases.
    """

    folder: Path
    log_file: str | None = None
    writes_logs: bool = True
    timestamps: bool = True
    seed_in_names: int | None = None
    checkpoint_interval: int | None = None
    keeps_checkpoints: bool = False
    resume_folder: Path | None = None
    threads: int | None = None
    program: str = "python main.py"
    prefix: str = ""
    overrides: tuple[str, ...] = ()
    end: PhaseIndex | None = None
    shows_lines: bool = True
    saves_features: bool = False
    moments_interval: int | None = None
    sends_status: bool = False
    trackers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a method.

    threads: number of torch threads.
    """

    config: MethodConfig
    seed: int
    output: Output
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
