"""Read the results of run folders, to compare methods."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.config.defaults import filled
from dcrf.config.path_checks import is_folder
from dcrf.errors import DataError
from dcrf.reporting.comparison import MethodRuns
from dcrf.reporting.records import Outcome
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import CONFIGURATION, RESULT, is_run_folder, run_folders
from dcrf.storage.atomic_files import read_json

NO_SETTINGS = ("seed", "device", "name", "description", "references")
"""Keys of a configuration that may differ between runs that are averaged."""


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run folder.

    method: the name of the method.
    settings: the digest of the configuration without seed and device.
    outcome: None unless the run has ended with `ok`.
    status: how the run has ended, or that it has not.
    """

    folder: Path
    method: str
    settings: str
    outcome: Outcome | None
    status: str


def saved_runs(paths: Sequence[Path]) -> list[SavedRun]:
    """Return the runs in folders, oldest first in each.

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
    return [_read(folder) for folder in folders]


def methods_of(runs: Sequence[SavedRun]) -> tuple[list[MethodRuns], list[str]]:
    """Group runs by method and settings; return the groups, and notes on runs that are left out.

    Runs of one name with other settings are another method, and have a number behind the name. Of
    several finished runs of a seed, the newest one counts.
    """
    groups: dict[tuple[str, str], list[SavedRun]] = {}
    for run in runs:
        groups.setdefault((run.method, run.settings), []).append(run)
    methods, notes = [], []
    numbers: dict[str, int] = {}
    for (method, _), own in groups.items():
        numbers[method] = numbers.get(method, 0) + 1
        name = method if numbers[method] == 1 else f"{method} ({numbers[method]})"
        if numbers[method] > 1:
            notes.append(f"{name} has other settings than {method}: {own[0].folder}")
        by_seed: dict[int, Outcome] = {}
        for run in own:
            if run.outcome is not None and run.outcome.seed is not None:
                if run.outcome.seed in by_seed:
                    notes.append(f"{name}, seed {run.outcome.seed}: the newest run counts")
                by_seed[run.outcome.seed] = run.outcome
        unfinished = [f"{run.folder} ({run.status})" for run in own if run.outcome is None]
        methods.append(MethodRuns(name, dict(sorted(by_seed.items())), unfinished))
        flags = {flag for outcome in by_seed.values() for flag in outcome.overrides}
        if changes := sorted(flag for flag in flags if not flag.startswith("--device")):
            notes.append(f"{name} ran with {', '.join(changes)}")
    return methods, list(dict.fromkeys(notes))


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


def _read(folder: Path) -> SavedRun:
    config = _mapping(folder / CONFIGURATION)
    outcome = finished_outcome(folder, folder)
    status = "ok" if outcome else str(_mapping(folder / RESULT).get("status", "not finished"))
    method = outcome.method if outcome else str(config.get("name", folder.parent.name))
    return SavedRun(folder, method, _settings(config), outcome, status)


def _settings(config: Mapping[str, Any]) -> str:
    """Return the digest of a configuration; keys that are new since then have their defaults."""
    plain = filled(dict(config), Path())
    own = {key: value for key, value in plain.items() if key not in NO_SETTINGS}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def _mapping(file: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file, an empty one if there is none."""
    try:
        content = read_json(file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
