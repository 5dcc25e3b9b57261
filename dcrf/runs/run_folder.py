"""Run folders `runs/<method>/<time>-<seed>/` and the files that identify a run."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from dcrf.config.method_config import MethodConfig
from dcrf.config.path_checks import is_file, is_folder
from dcrf.errors import DataError
from dcrf.safety.limits import RESUMED_THREADS
from dcrf.storage.atomic_files import read_json, write_json

CONFIGURATION, RESULT, TIMING = "config.json", "result.json", "timing.json"
ENVIRONMENT, CHECKPOINTS = "environment.json", "checkpoints"
RUN_START = f"{CHECKPOINTS}/run.json"
_TIME = len("2026-01-31T23-59-59")


@dataclass(frozen=True, slots=True)
class RunStart:
    """How a run was started; a resumed run keeps it.

    seed_in_names: the seed if the names of saved files contain it, else None.
    threads: number of torch threads.
    number: counts the runs of a method, since the clock may be set back.
    overrides: command-line flags that changed the file's values.
    saves_features: whether the features of all samples are saved after every phase.
    moments_interval: iterations between saved features of some samples; None for ends of phases.
    """

    seed_in_names: int | None
    threads: int
    number: int
    overrides: tuple[str, ...] = ()
    saves_features: bool = False
    moments_interval: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for invalid values, which an untrusted file may contain."""
        numbers = (self.seed_in_names or 0, self.threads, self.number)
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(f"{asdict(self)} contains a value that is not a whole number")
        if self.threads not in range(1, RESUMED_THREADS + 1):
            raise ValueError(f"{self.threads} threads are outside 1 to {RESUMED_THREADS}")
        if not all(isinstance(flag, str) for flag in self.overrides):
            raise ValueError("overrides are not a list of strings")
        if self.saves_features not in (True, False):
            raise ValueError("saves_features is neither true nor false")
        interval = self.moments_interval
        if interval is not None and (type(interval) is not int or interval < 1):
            raise ValueError("moments_interval is not an integer of at least 1")


def is_run_folder(path: Path) -> bool:
    """Whether the folder contains a run, finished or not."""
    return is_file(path / CONFIGURATION) and is_file(path / RUN_START)


def is_run_configuration(file: Path) -> bool:
    """Whether a file is the configuration in a run folder."""
    return file.name == CONFIGURATION and is_run_folder(file.parent)


def run_folders(parent: Path) -> list[Path]:
    """Return the run folders directly in a folder, in the order in which the runs started."""
    # a name that starts with a dot belongs to a folder whose creation was interrupted
    return sorted(filter(is_run_folder, parent.glob("[!.]*")), key=_age)


def runs_below(paths: Sequence[Path]) -> list[Path]:
    """Return the run folders that paths name, oldest first in each folder.

    Args:
        paths: run folders, or folders that contain some at any depth.

    Raises:
        DataError: a path is not a folder, or contains no run.
    """
    folders: dict[Path, None] = {}
    for path in paths:
        if not is_folder(path):
            raise DataError(f"{path} is not a folder")
        below = list(_run_folders_below(path))
        if not below:
            raise DataError(f"{path} contains no run folder, such as runs/my_method/<time>-<seed>")
        folders.update(dict.fromkeys(below))
    return list(folders)


def _run_folders_below(folder: Path) -> Iterator[Path]:
    """Yield the run folders in a folder, or the folder itself; runs contain no others."""
    if is_run_folder(folder):
        yield folder
        return
    runs = run_folders(folder)
    yield from runs
    for inner in sorted(folder.glob("[!.]*")):
        if inner not in runs and is_folder(inner) and not inner.is_symlink():
            yield from _run_folders_below(inner)


def new_run_folder(parent: Path, seed: int, start: RunStart, config: Mapping[str, Any]) -> Path:
    """Create `<time>-<seed>` in a folder, with configuration and start; return its path.

    If the name exists, a number is appended. The folder appears in one step with its files, so a
    killed process leaves a resumable run or nothing.

    Raises:
        OSError: the folder cannot be created.
    """
    parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=parent, prefix=".", suffix=".tmp"))
    name = f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{seed}"
    try:
        write_json(unfinished / CONFIGURATION, config)
        write_json(unfinished / RUN_START, asdict(start))
        unfinished.chmod(0o755)
        for number in count(1):
            folder = parent / (name if number == 1 else f"{name}-{number}")
            if not folder.exists() and _renamed(unfinished, folder):
                return folder
        raise AssertionError("count() never ends")
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _renamed(folder: Path, new: Path) -> bool:
    """Rename a folder unless another process has just created one of the new name."""
    try:
        folder.rename(new)
    except OSError:
        if not new.exists():
            raise
        return False
    return True


def run_configuration(config: MethodConfig, seed: int) -> dict[str, Any]:
    """Return the content of a run's `config.json`: every default filled in, and its seed."""
    return {**config.filled, "seed": seed}


def read_run_start(folder: Path) -> RunStart:
    """Read how the run in a folder was started.

    Raises:
        OSError: the file cannot be read.
        ValueError: its content is invalid.
    """
    try:
        values = read_json(folder / RUN_START)
        return RunStart(**{**values, "overrides": tuple(values.get("overrides", ()))})
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def next_run_number(parent: Path) -> int:
    """Return a number above those of all runs in a folder."""
    return 1 + max((_age(folder)[0] for folder in parent.glob("[!.]*")), default=0)


def _age(folder: Path) -> tuple[int, str, int, str]:
    """Return a sort key: number, time, then the suffix of folders of the same second."""
    try:
        number = read_run_start(folder).number
    except (OSError, ValueError):
        number = 0
    return number, folder.name[:_TIME], len(folder.name), folder.name
