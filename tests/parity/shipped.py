"""Shipped methods for a few iterations of each phase, in the processes of this run."""

import json
from collections.abc import Sequence
from pathlib import Path

from dcrf.config import load_checked
from dcrf.dry_run.shapes import sample_shapes
from dcrf.parallel.world import current
from dcrf.runs.job import Job, Output
from dcrf.runs.one_run import run_method
from dcrf.runs.process_group import run_beside
from tests.contract.test_configurations import loaded, quick, short


def run_shipped(files: Sequence[Path], data: Path, folder: Path) -> dict[str, list[str]]:
    """Run methods; return the stem of a file -> its status and its records, in the first process.

    Args:
        files: of methods.
        data: the folder with fakes of data that torchvision reads.
        folder: for the results.
    """
    processes, results = current(), {}
    for file in files:
        settings = [*short(file, data), "device=cpu"]
        config = load_checked(quick(loaded(file).filled), settings, 2, shapes_of=sample_shapes)
        output = Output(folder / file.stem, shows_lines=False, writes_logs=False)
        if processes is not None and processes.rank > 0:
            run_beside(Job(config, 0, output, 1))
            continue
        outcome = run_method(config, 0, output)
        metrics = Path(outcome.folder or "") / "metrics.jsonl"
        results[file.stem] = [outcome.error or outcome.status, *metrics.read_text().splitlines()]
    return results


def difference(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the largest difference of losses in two lists of records, relative above 1."""
    pairs = [
        (mine, its)
        for first, second in zip(one[1:], other[1:], strict=True)
        for mine, its in zip(*map(_losses, (first, second)), strict=True)
    ]
    return max((abs(a - b) / max(1, abs(a)) for a, b in pairs), default=0.0)


def _losses(line: str) -> list[float]:
    return [*json.loads(line).get("losses", {}).values()]
