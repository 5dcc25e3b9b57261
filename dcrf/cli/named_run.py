"""The run that a command line names."""

from pathlib import Path

from dcrf.reporting.writers import say
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import is_run_folder, run_folders


def named_run(folder: Path) -> Path:
    """Return a run folder as it is, or the newest finished run in a folder of runs, which is said.

    If none has finished, it is the newest one.
    """
    if is_run_folder(folder):
        return folder
    runs = run_folders(folder)
    if not runs:
        return folder  # opening it says what is wrong
    finished = [run for run in runs if finished_outcome(run, run)]
    newest = (finished or runs)[-1]
    if len(runs) > 1:
        kind = "the newest" if newest == runs[-1] else "the newest one that has finished"
        say(f"{folder} has {len(runs)} runs; this is {kind}, {newest.name}")
    return newest
