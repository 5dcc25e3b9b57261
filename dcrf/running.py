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
from dcrf.config.paths import clean_name
from dcrf.errors import ConfigError, DcrfError, Problem
from dcrf.files import write_json
from dcrf.reporting.records import Note, Report
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
    """Train and evaluate; a failure is an outcome, not an exception."""
    start = time.perf_counter()
    folder = new_folder(output.folder / clean_name(config.name), seed)
    log = _log_file(config, folder, output)
    console = Terminal(sys.stderr) if sys.stderr.isatty() else Lines(sys.stdout, timestamps=False)
    writer = Writers([console, JsonLines(folder / "metrics.jsonl"), *([log] if log else [])])
    outcome = Outcome(config.name, seed, "ok", label_informed(config))
    try:
        _write_description(config, seed, folder)
        _introduce(config, seed, folder, writer)
        report, durations = _train(config, seed, folder, output, writer)
        outcome = replace(outcome, report=report)
        write_json(folder / "timing.json", durations)
    except (DcrfError, OSError) as error:
        outcome = replace(outcome, status="failed", error=str(error))
        writer.write(Note(f"{config.name}  failed: {error}"))
        if log is not None and not isinstance(error.__cause__, DcrfError):
            log.write(Note("".join(traceback.format_exception(error))))
    finally:
        writer.close()
    write_json(folder / "result.json", _result(outcome))
    return replace(outcome, seconds=time.perf_counter() - start)


def resolve_device(name: str) -> str:
    """Return a torch device name that this machine has.

    Raises:
        ConfigError: torch does not know the device, or the machine has none.
    """
    if name == "cuda_if_available":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        found = f"the device {name!r} cannot be used: {str(error).splitlines()[0]}"
        remedy = "for example cpu, cuda, cuda:1, cuda_if_available"
        raise ConfigError("this machine", [Problem("$.device", found, remedy)]) from error
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


def _train(
    config: MethodConfig, seed: int, folder: Path, output: Output, writer: Writer
) -> tuple[Report, dict[str, float]]:
    streams = Streams(seed)
    run = Run(
        config,
        streams,
        resolve_device(config.device),
        writer,
        folder / "parameters",
        seed if output.several_seeds else None,
    )
    trainer = Trainer(build_plans(run), streams, writer)
    return trainer.run(), trainer.durations


def _introduce(config: MethodConfig, seed: int, folder: Path, writer: Writer) -> None:
    writer.write(Note(f"{config.name}  seed {seed}  results in {folder}"))
    for note in config.notes:
        writer.write(Note(f"{config.name}  note: {note}"))


def _log_file(config: MethodConfig, folder: Path, output: Output) -> LogFile | None:
    if not output.writes_logs:
        return None
    if output.log_file is None:
        return LogFile(folder / "log.txt", timestamps=output.timestamps)
    path = Path(output.log_file.replace("%s", clean_name(config.name)))
    return LogFile(path, timestamps=output.timestamps)


def _write_description(config: MethodConfig, seed: int, folder: Path) -> None:
    write_json(folder / "config.json", {**config.filled, "seed": seed})
    write_json(
        folder / "environment.json",
        {
            "python": platform.python_version(),
            "packages": {name: version(name) for name in PACKAGES},
            "machine": platform.platform(),
            "processors": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "device": resolve_device(config.device),
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
    report = asdict(outcome.report) if outcome.report else {"datasets": [], "phases": []}
    return {
        "method": outcome.method,
        "seed": outcome.seed,
        "status": outcome.status,
        "error": outcome.error,
        "label_informed": outcome.label_informed,
        **report,
    }
