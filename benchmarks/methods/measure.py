"""Run a method with one seed through the command line, and read its result."""

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.methods.files import MethodFile, identity
from benchmarks.methods.records import Measurement, measurement_of
from dcrf.cli.main import main
from dcrf.config.method_config import MethodConfig
from dcrf.recombination.first_phase import Start, start_of
from dcrf.runs.environment import processor
from dcrf.storage.atomic_files import read_json, write_json
from dcrf.storage.digests import digest

_INTERRUPTED = (130, 138, 143)
"""Exit codes of the command line after SIGINT, SIGUSR1 and SIGTERM."""
_STARTED = "started.json"


def shared_starts(configs: Mapping[str, MethodConfig]) -> dict[str, Start]:
    """Return the key of each method -> its start, if another method has the same one."""
    starts = {key: start for key, c in configs.items() if (start := start_of(c)) is not None}
    counts = Counter(start.key for start in starts.values())
    return {key: start for key, start in starts.items() if counts[start.key] > 1}


def measure(
    file: MethodFile, seed: int, folder: Path, minutes: float, start: Start | None = None
) -> Measurement:
    """Run a method with a seed in its own process; an unfinished run of it is resumed.

    Args:
        file: of the method.
        seed: of the run.
        folder: contains the run folders, which are removed once their run has ended.
        minutes: until the run is stopped.
        start: the first phase, which is trained by itself and kept for other methods; None to
            train all phases in one run. The results are the same.

    Raises:
        KeyboardInterrupt: the run was interrupted; it can be resumed.
    """
    flags: list[str] = []
    started = None
    if start is not None:
        place = folder / "starts" / f"{start.key[:16]}-{seed}"
        started = _started(start, seed, place, minutes)
        flags = start.settings(place)
    if started is not None and started.outcome["status"] != "ok":
        ended = started
    else:
        runs = folder / f"{file.stem}-{seed}-{digest(identity(file.config))[:16]}"
        ended = _run(file.path, seed, runs, minutes, flags)
        ended = ended if started is None else ended.after(started)
    return measurement_of(file, ended.outcome, ended.seconds, ended.machine, f"{date.today()}")


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that has ended: its outcome as in `summary.json`, wall time and machine."""

    outcome: Mapping[str, Any]
    seconds: float
    machine: str

    def after(self, earlier: "_Ended") -> "_Ended":
        """Return the run with the phases and the time of one before it."""
        phases = [*earlier.outcome["phases"], *self.outcome["phases"]]
        seconds = earlier.seconds + self.seconds
        return replace(self, outcome={**self.outcome, "phases": phases}, seconds=seconds)


def _started(start: Start, seed: int, folder: Path, minutes: float) -> _Ended:
    """Train a first phase with a seed, or read that it was trained."""
    if (folder / _STARTED).exists():
        return _Ended(**read_json(folder / _STARTED))
    ended = _run(start.write_method(folder, seed), seed, folder / "runs", minutes)
    if ended.outcome["status"] == "ok":
        write_json(folder / _STARTED, asdict(ended))
    return ended


def _run(path: Path, seed: int, runs: Path, minutes: float, flags: Sequence[str] = ()) -> _Ended:
    """Run a file, or resume its run in the folder `runs`, which is removed at the end."""
    common = ["--seed", str(seed), "--output_dir", str(runs), "--timeout", str(60 * minutes)]
    code = main([str(path), *common, "--resume", "--resume_on_error", "--no_report", *flags])
    if code in _INTERRUPTED:
        raise KeyboardInterrupt
    summary = runs / "summary.json"
    if not summary.exists():
        return _Ended(_refused(seed), 0.0, machine_of({}))
    (outcome,) = read_json(summary)["runs"]
    run_folder = max(runs.glob("*/*/"), default=runs)
    seconds = sum(_read(run_folder / "timing.json").values()) or outcome["seconds"] or 0.0
    machine = machine_of(_read(run_folder / "environment.json"))
    if outcome["status"] != "timed out":  # the next call continues it
        shutil.rmtree(runs)
    return _Ended(outcome, seconds, machine)


def _refused(seed: int) -> Mapping[str, Any]:
    """Return the outcome of a file that the command line refuses; it prints the reason."""
    nothing = {"datasets": [], "phases": [], "label_informed": False}
    return {"seed": seed, "status": "invalid", "error": "the dry run failed", **nothing}


def _read(file: Path) -> Mapping[str, Any]:
    """Return the content of a JSON file of a run folder; empty if the run did not write it."""
    return read_json(file) if file.exists() else {}


def machine_of(environment: Mapping[str, Any]) -> str:
    """Return processor and cores, and threads, device and torch of a run on this machine.

    Args:
        environment: of the run, as in `environment.json`; empty if unknown.
    """
    parts = [processor(), f"{os.cpu_count()} cores"]
    if environment:
        number = environment["threads"]
        parts += [f"{number} thread{'' if number == 1 else 's'}", environment["device"]]
        parts.append(f"torch {environment['packages']['torch']}")
    return ", ".join(parts)
