"""Run a method with one seed through the command line, and read its result."""

import os
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.machine import processor
from benchmarks.methods.files import MethodFile, digest, identity
from benchmarks.methods.records import Measurement, measurement_of
from dcrf.cli.main import main
from dcrf.storage.atomic_files import read_json

_RESUMABLE = ("interrupted", "timed out", "not run")
"""Statuses of runs whose folders are kept, so that the next call continues them."""


def measure(file: MethodFile, seed: int, folder: Path, minutes: float) -> Measurement:
    """Run a method with a seed in its own process; an unfinished run of it is resumed.

    Args:
        file: of the method.
        seed: of the run.
        folder: contains the run folders, which are removed once their run has ended.
        minutes: until the run is stopped.

    Raises:
        KeyboardInterrupt: the run was interrupted; it can be resumed.
        RuntimeError: the command line refused to run the file.
    """
    runs = folder / f"{file.stem}-{seed}-{digest(identity(file.config))[:16]}"
    flags = ["--seed", str(seed), "--output_dir", str(runs), "--timeout", str(60 * minutes)]
    code = main([str(file.path), *flags, "--resume", "--resume_on_error"])
    summary = runs / "summary.json"
    if not summary.exists():
        raise RuntimeError(f"{file.path} was not run, exit code {code}")
    (outcome,) = read_json(summary)["runs"]
    if outcome["status"] in ("interrupted", "not run"):
        raise KeyboardInterrupt
    run_folder = max(runs.glob("*/*/"), default=runs)
    seconds = sum(_read(run_folder / "timing.json").values()) or outcome["seconds"] or 0.0
    machine = _machine(_read(run_folder / "environment.json"))
    if outcome["status"] not in _RESUMABLE:
        shutil.rmtree(runs)
    return measurement_of(file, outcome, seconds, machine, f"{date.today()}")


def _read(file: Path) -> Mapping[str, Any]:
    """Return the content of a JSON file of a run folder; empty if the run did not write it."""
    return read_json(file) if file.exists() else {}


def _machine(environment: Mapping[str, Any]) -> str:
    """Return processor, cores, threads, device and torch of a run, as far as known."""
    parts = [processor(), f"{os.cpu_count()} cores"]
    if environment:
        number = environment["threads"]
        parts += [f"{number} thread{'' if number == 1 else 's'}", environment["device"]]
        parts.append(f"torch {environment['packages']['torch']}")
    return ", ".join(parts)
