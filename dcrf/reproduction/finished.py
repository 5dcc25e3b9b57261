"""The finished runs of a reproduction in a folder of runs."""

from pathlib import Path
from typing import Any

from dcrf.config.file_names import clean_name
from dcrf.errors import DataError
from dcrf.reproduction.seed_result import SeedResult, seed_result
from dcrf.runs.run_folder import run_folders


def finished_seeds(folder: Path, content: dict[str, Any]) -> dict[int, SeedResult]:
    """Return seed -> the newest result of a method in its folder of runs, sorted by seed."""
    results: dict[int, SeedResult] = {}
    for run in run_folders(folder / clean_name(content["name"])):
        try:
            result = seed_result(run)
        except DataError:  # not finished
            continue
        results[result.seed] = result
    return dict(sorted(results.items()))
