"""Find the method files that the paths on the command line name."""

import re
from pathlib import Path

from dcrf.config.extends import is_abstract
from dcrf.config.path_checks import is_file, is_folder, is_there
from dcrf.errors import CommandLineError
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import CONFIGURATION, is_run_folder, run_folders

ROOT = Path(__file__).parents[2]
SCHEMA_ENDING = ".schema.json"
"""Ends the names of files that are schemas for editors."""
_NO_METHOD = re.compile(rf".*{re.escape(SCHEMA_ENDING)}|summary(-\d[\dT-]*)?\.json")
"""Names of files that no folder runs: schemas, and summaries of earlier runs."""
_LISTED = 5
"""Run folders that a message lists."""


def method_files(path: str, resume: bool = False) -> list[Path]:
    """Return the method files that a path names: a file, or the `*.json` directly in a folder.

    Abstract files and schemas in a folder are skipped.

    Args:
        path: relative to the current folder, else to the folder of `main.py`.
        resume: whether a run folder names the configuration in it.

    Raises:
        CommandLineError: the path does not exist, or the folder contains no method files.
    """
    existing = _existing(path)
    if not is_folder(existing):
        return [existing]
    if is_run_folder(existing):
        if resume:
            return [existing / CONFIGURATION]
        again = f"{existing / CONFIGURATION} to run its method again"
        raise CommandLineError(
            f"{path} is a run folder; add --resume to resume it, or name {again}"
        )
    files = [f for f in sorted(existing.glob("*.json")) if not _NO_METHOD.fullmatch(f.name)]
    if files:
        return _without_abstract(path, files)
    if runs := _runs_below(existing):
        raise CommandLineError(_name_a_run(path, runs, resume))
    raise CommandLineError(f"{path} contains no method files (*.json){_folders_below(existing)}")


def _without_abstract(path: str, files: list[Path]) -> list[Path]:
    """Return the files that run by themselves, not only as the base of others."""
    runnable = [file for file in files if not is_abstract(file)]
    if not runnable:
        listed = ", ".join(file.name for file in files[:_LISTED])
        raise CommandLineError(f"{path} contains only abstract method files ({listed})")
    return runnable


def _existing(path: str) -> Path:
    for candidate in (Path(path), ROOT / path):
        if is_there(candidate):
            return candidate
    places = " and ".join(dict.fromkeys(map(str, (Path.cwd(), ROOT))))
    raise CommandLineError(f"{path} does not exist (looked in {places})")


def _runs_below(folder: Path) -> list[Path]:
    """Return the run folders in a method's folder, or in those of all methods."""
    try:
        parents = [folder, *sorted(path for path in folder.iterdir() if is_folder(path))]
    except OSError as error:
        raise CommandLineError(f"{folder} cannot be read: {error.strerror}") from error
    return [run for parent in parents for run in run_folders(parent)]


def _name_a_run(path: str, runs: list[Path], resume: bool) -> str:
    """Return why a folder of runs is rejected, and its runs: unfinished and new ones first."""
    finished = {run for run in runs if finished_outcome(run, run)}
    lines = [str(run) for run in reversed(runs) if run not in finished]
    lines += [f"{run} (finished)" for run in reversed(runs) if run in finished]
    if len(lines) > _LISTED:
        lines[_LISTED:] = [f"and {len(lines) - _LISTED} more"]
    remedy = "name the run to resume" if resume else "to resume a run, add --resume and name it"
    return "\n    ".join([f"{path} contains runs instead of method files; {remedy}:", *lines])


def _folders_below(path: Path) -> str:
    """Return a hint at the folders below that contain method files; run folders do not count."""
    parents = {file.parent for file in path.rglob("*.json") if is_file(file)}
    folders = sorted(str(f) for f in parents if not any(map(is_run_folder, (f, f.parent))))
    return f"; folders with method files: {', '.join(folders)}" if folders else ""
