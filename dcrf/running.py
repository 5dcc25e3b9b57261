"""Run one method with one seed, into a folder of its own."""

import os
import platform
import subprocess
import sys
import time
import traceback
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import torch

from dcrf.builder import Run, build_plans, label_informed
from dcrf.config.model import MethodConfig
from dcrf.config.saved_names import clean_name
from dcrf.errors import DcrfError, is_expected
from dcrf.files import write_json
from dcrf.reporting.records import Note
from dcrf.reporting.summary import Outcome
from dcrf.reporting.writers import JsonLines, Lines, LogFile, Terminal, Writer, Writers
from dcrf.streams import Streams
from dcrf.training.trainer import Trainer

PACKAGES = ("torch", "torchvision", "kornia", "numpy", "scipy", "scikit-learn", "jsonschema")


@dataclass(frozen=True, slots=True)
class Output:
    """Where a run's results go.

    log_file: the one file of all logs, `%s` standing for the method's name; None for a log file
        in each run's folder.
    writes_logs: whether log files are written at all.
    timestamps: whether log lines start with the time.
    several_seeds: whether the seed belongs into the names of saved files.
    """

    folder: Path
    log_file: str | None = None
    writes_logs: bool = True
    timestamps: bool = True
    several_seeds: bool = False


def run_method(config: MethodConfig, seed: int, output: Output) -> Outcome:
    """Train and evaluate; a failure or an interruption is an outcome, not an exception."""
    start = time.perf_counter()
    try:
        folder = new_folder(output.folder / clean_name(config.name), seed)
        log = _log_file(config, folder, output)
    except OSError as error:
        cause = f"results cannot be written: {error}"
        return Outcome(str(config.source), config.name, seed, "failed", error=cause)
    writer = Writers([_console(), JsonLines(folder / "metrics.jsonl"), *([log] if log else [])])
    run = _run(config, seed, output, folder, writer)
    trainer = Trainer(build_plans(run), run.streams, writer)
    status, failure = _attempt(trainer, run, seed, log)
    writer.close()
    outcome = Outcome(
        source=str(config.source),
        method=config.name,
        seed=seed,
        status=status,
        label_informed=label_informed(config),
        datasets=tuple(trainer.datasets),
        phases=tuple(trainer.phases),
        error=failure,
    )
    write_json(folder / "timing.json", trainer.durations)
    write_json(folder / "result.json", _result(outcome))
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
        cause = str(error).splitlines()[0]
        raise DcrfError(f"the device {name!r} cannot be used here: {cause}") from error
    return name


def new_folder(parent: Path, seed: int) -> Path:
    """Make and return `<time>-<seed>` in a folder; a number is appended if it exists."""
    name = f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{seed}"
    for suffix in ("", *(f"-{n}" for n in range(2, 1000))):
        folder = parent / (name + suffix)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise OSError(f"no free folder name in {parent}")


def _attempt(trainer: Trainer, run: Run, seed: int, log: LogFile | None) -> tuple[str, str | None]:
    """Run to the end if possible; return the status, and the cause of a failure."""
    name = run.config.name
    try:
        _write_description(run, seed)
        _introduce(run, seed)
        trainer.run()
    except KeyboardInterrupt:
        run.writer.write(Note(f"{name}  interrupted; what was saved stays"))
        return "interrupted", None
    except (DcrfError, OSError) as error:
        run.writer.write(Note(f"{name}  failed: {error}"))
        if log is not None and not is_expected(error):
            log.write(Note("".join(traceback.format_exception(error))))
        return "failed", str(error)
    return "ok", None


def _run(config: MethodConfig, seed: int, output: Output, folder: Path, writer: Writer) -> Run:
    return Run(
        config,
        Streams(seed),
        resolve_device(config.device),
        writer,
        folder,
        seed if output.several_seeds else None,
    )


def _console() -> Writer:
    if sys.stderr.isatty():
        return Terminal(sys.stderr)
    return Lines(sys.stdout, timestamps=False)


def _introduce(run: Run, seed: int) -> None:
    name = run.config.name
    run.writer.write(Note(f"{name}  seed {seed}  results in {run.folder}"))
    for note in run.config.notes:
        run.writer.write(Note(f"{name}  note: {note}"))


def _log_file(config: MethodConfig, folder: Path, output: Output) -> LogFile | None:
    if not output.writes_logs:
        return None
    if output.log_file is None:
        return LogFile(folder / "log.txt", timestamps=output.timestamps)
    path = Path(output.log_file.replace("%s", clean_name(config.name)))
    return LogFile(path, timestamps=output.timestamps)


def _write_description(run: Run, seed: int) -> None:
    folder = run.folder
    write_json(folder / "config.json", {**run.config.filled, "seed": seed})
    write_json(
        folder / "environment.json",
        {
            "python": platform.python_version(),
            "packages": {name: version(name) for name in PACKAGES},
            "machine": platform.platform(),
            "processors": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "device": run.device,
            "commit": _commit(),
        },
    )


def _commit() -> str | None:
    """Return the commit of this checkout, or None outside of one."""
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _result(outcome: Outcome) -> dict[str, object]:
    """Return what `result.json` holds; nothing in it depends on time or place."""
    content = asdict(outcome)
    return {key: value for key, value in content.items() if key not in ("source", "seconds")}
