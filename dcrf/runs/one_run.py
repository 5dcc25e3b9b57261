"""Run one method with one seed, into a folder of its own."""

import shlex
import sys
import time
import traceback
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from dcrf.builder import RunContext, build_plans, label_informed
from dcrf.config.file_names import clean_name
from dcrf.config.method_config import MethodConfig
from dcrf.runs.environment import environment
from dcrf.errors import DcrfError, first_line, is_expected, status_of
from dcrf.randomness import RandomStreams
from dcrf.reporting.records import Note
from dcrf.reporting.summary import Outcome
from dcrf.reporting.writers import JsonLines, Lines, LogFile, Terminal, Writer, Writers
from dcrf.runs.resume import (
    CONFIGURATION,
    RESULT,
    RUN,
    Beginning,
    check_same,
    described,
    new_folder,
    next_number,
)
from dcrf.runs.run_files import CHECKPOINTS, RunFiles
from dcrf.storage.atomic_files import locked, remove_unfinished, write_json
from dcrf.training.checkpoints import Checkpoints, Stateful
from dcrf.training.interruption import StopRequest, handle_signals
from dcrf.training.start import Start
from dcrf.training.trainer import Trainer

METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Run(RunContext):
    """One run of a method, and the folder that its results go to."""

    files: RunFiles
    folder: Path


@dataclass(frozen=True, slots=True)
class Output:
    """Where a run's results go.

    log_file: the one file of all logs, `%s` standing for the method's name; None for a log file
        in each run's folder.
    writes_logs: whether log files are written at all.
    timestamps: whether log lines start with the time.
    seed_in_names: the seed, where files of several seeds must not meet; else None.
    checkpoint_interval: iterations between checkpoints; None for one about every minute.
    begun: the folder of a run that goes on; None for a new one.
    threads: that it began with; None for a new one.
    program: what a person types to run the command line.
    prefix: what the lines of this run start with, where others write beside it; else nothing.
    """

    folder: Path
    log_file: str | None = None
    writes_logs: bool = True
    timestamps: bool = True
    seed_in_names: int | None = None
    checkpoint_interval: int | None = None
    begun: Path | None = None
    threads: int | None = None
    program: str = "python main.py"
    prefix: str = ""


def run_method(config: MethodConfig, seed: int, output: Output) -> Outcome:
    """Train and evaluate; a failure or an interruption is an outcome, not an exception."""
    start = time.perf_counter()
    with ExitStack() as stack:
        try:
            folder = output.begun or _new_folder(config, seed, output)
            stack.enter_context(locked(folder / CHECKPOINTS / "lock"))
            metrics, log = JsonLines(folder / METRICS), _log_file(config, folder, output)
        except OSError as error:
            cause = f"results cannot be written: {error}"
            return Outcome(str(config.source), config.name, seed, "failed", error=cause)
        writer = Writers([_console(), metrics, *([log] if log else [])])
        stack.callback(writer.close)
        device = resolve_device(config.device)
        files = RunFiles(folder, config.name, output.seed_in_names)
        run = Run(config, RandomStreams(seed), device, writer, files, folder)
        outcome = _outcome(run, metrics, log, output)
    return replace(outcome, seconds=time.perf_counter() - start)


def resolve_device(name: str) -> str:
    """Return a torch device name that this machine has.

    Raises:
        DcrfError: torch does not know the device, or the machine has none.
    """
    if name == "cuda_if_available":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name).item()  # a device without memory, as meta, fails here
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        cause = first_line(error)
        raise DcrfError(f"the device {name!r} cannot be used here: {cause}") from error
    return name


def _outcome(run: Run, metrics: JsonLines, log: LogFile | None, output: Output) -> Outcome:
    """Run, and write down how that ended."""
    stop = StopRequest()
    checkpoints = _checkpoints(run, metrics, stop, output.checkpoint_interval)
    trainer = Trainer(build_plans(run), run.streams, run.writer, checkpoints)
    with handle_signals(stop):
        status, failure = _attempt(trainer, checkpoints, run, output, log)
    outcome = Outcome(
        source=str(run.config.source),
        method=run.config.name,
        seed=run.streams.seed,
        status=status,
        label_informed=label_informed(run.config),
        datasets=tuple(trainer.history.datasets),
        phases=tuple(trainer.history.phases),
        error=failure,
    )
    try:
        write_json(run.folder / "timing.json", trainer.history.durations.seconds)
        write_json(run.folder / RESULT, _result(outcome))
    except OSError as error:
        cause = f"results cannot be written: {error}"
        _say(run, f"{cause}; once they can, go on with: {_resuming(run, output)}")
        return replace(outcome, status="failed", error=cause)
    return outcome


def _checkpoints(run: Run, metrics: JsonLines, stop: StopRequest, interval: int | None) -> Checkpoints:
    about = {
        "configuration": described(run.config, run.streams.seed),
        "torch": str(torch.__version__),
        "device": run.device,
        "threads": torch.get_num_threads(),
    }
    files: dict[str, Stateful] = {"metrics": metrics, "files": run.files.numbered}
    return Checkpoints(run.folder / CHECKPOINTS, run.writer, stop, files, about, interval)


def _find_start(checkpoints: Checkpoints, run: Run) -> Start:
    """Return the start of the run: at its newest checkpoint if it has one.

    Raises:
        ConfigError: it is one of another configuration.
        DataError, OSError: it cannot be gone on from.
    """
    now, found = checkpoints.description, checkpoints.read_newest(run.device)
    if found is not None:
        check_same(found.description.get("configuration"), now["configuration"], found.folder)
        run.writer.write(Note(f"{run.config.name}  goes on from {found.folder}"))
        for key in ("torch", "device", "threads"):
            if (before := found.description.get(key)) != now[key]:
                change = f"the checkpoint was written with {key} {before}, now it is {now[key]}"
                run.writer.write(Note(f"{change}: results may differ in their last digits"))
    for folder in (run.folder, *filter(Path.is_dir, run.folder.iterdir())):
        remove_unfinished(folder)  # none of them is a link, which `begun` has made sure of
    return checkpoints.start_from(found)


def _attempt(
    trainer: Trainer, checkpoints: Checkpoints, run: Run, output: Output, log: LogFile | None
) -> tuple[str, str | None]:
    """Run to the end if possible; return the status, and the cause of a failure."""
    try:
        write_json(run.folder / "environment.json", environment(run.device))
        _introduce(run)
        trainer.run(_find_start(checkpoints, run))
        return "ok", None
    except KeyboardInterrupt:
        _say(run, f"interrupted; go on with: {_resuming(run, output)}")
        return "interrupted", None
    except (DcrfError, OSError) as error:
        _say(run, f"failed: {error}")
        if checkpoints.last:
            folder, place = checkpoints.last
            _say(run, f"the last good checkpoint is {folder} ({place})")
            if status_of(error) != "diverged":
                _say(run, f"once the cause is gone, go on with: {_resuming(run, output)}")
        if log is not None and not is_expected(error):
            with suppress(OSError):
                log.write(Note("".join(traceback.format_exception(error))))
        return status_of(error), str(error)


def _say(run: Run, text: str) -> None:
    """Write a sentence; that there is no room for it in the log, too, is no other failure."""
    with suppress(OSError):
        run.writer.write(Note(f"{run.config.name}  {text}"))


def _resuming(run: Run, output: Output) -> str:
    return f"{output.program} --resume {shlex.quote(str(run.folder))}"


def _console() -> Writer:
    if sys.stderr is not None and sys.stderr.isatty():
        return Terminal(sys.stderr)
    return Lines(sys.stdout, timestamps=False)


def _new_folder(config: MethodConfig, seed: int, output: Output) -> Path:
    parent = output.folder / clean_name(config.name)
    start = Beginning(output.seed_in_names, torch.get_num_threads(), next_number(parent))
    content = {CONFIGURATION: described(config, seed), RUN: asdict(start)}
    return new_folder(parent, seed, content)


def _introduce(run: Run) -> None:
    name = run.config.name
    run.writer.write(Note(f"{name}  seed {run.streams.seed}  results in {run.folder}"))
    for note in run.config.notes:
        run.writer.write(Note(f"{name}  note: {note}"))


def _log_file(config: MethodConfig, folder: Path, output: Output) -> LogFile | None:
    if not output.writes_logs:
        return None
    if output.log_file is None:
        return LogFile(folder / "log.txt", timestamps=output.timestamps)
    path = Path(output.log_file.replace("%s", clean_name(config.name)))
    return LogFile(path, timestamps=output.timestamps, prefix=output.prefix)


def _result(outcome: Outcome) -> dict[str, object]:
    """Return what `result.json` holds; nothing in it depends on time or place."""
    content = asdict(outcome)
    return {key: value for key, value in content.items() if key not in ("source", "seconds")}
