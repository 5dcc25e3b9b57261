"""The run that a command line names."""

from pathlib import Path

from dcrf.reporting.writers import say
from dcrf.runs.run_folder import is_run_folder, run_folders


def named_run(folder: Path) -> Path:
    """Return a run folder as it is, or the newest run in a folder of runs, which is said."""
    if is_run_folder(folder):
        return folder
    runs = run_folders(folder)
    if not runs:
        return folder  # opening it says what is wrong
    if len(runs) > 1:
        say(f"{folder} has {len(runs)} runs; this is the newest, {runs[-1].name}")
    return runs[-1]
