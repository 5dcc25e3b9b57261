"""Results of reproductions as JSON files, `results/<reproduction>/<seed>.json`."""

from dataclasses import asdict
from pathlib import Path

from dcrf.reproduction.entries import Reproduction
from dcrf.reproduction.method import method_content, method_digest
from dcrf.reproduction.seed_result import SeedResult
from dcrf.storage.atomic_files import read_json, write_atomically
from dcrf.storage.write_json import readable

RESULTS = Path(__file__).with_name("results")
_DATA = Path("/datasets")
"""Stands for the folder of data, so that digests are equal on all machines."""


class Results:
    """The results in a folder.

    Args:
        folder: contains a folder for each reproduction.
    """

    def __init__(self, folder: Path = RESULTS) -> None:
        self.folder = folder

    def read(self, reproduction: Reproduction) -> dict[int, SeedResult]:
        """Return seed -> result of the present method file and settings, sorted by seed.

        Results of earlier ones, and unreadable files, are left out.
        """
        files = sorted((self.folder / reproduction.name).glob("*.json"))
        current = _digest(reproduction) if files else ""
        results: dict[int, SeedResult] = {}
        for file in files:
            try:
                content = read_json(file)
                if content.pop("method") == current:
                    result = SeedResult(**content)
                    results[result.seed] = result
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                continue
        return dict(sorted(results.items()))

    def write(self, reproduction: Reproduction, result: SeedResult) -> None:
        """Write a result of the present method file and settings."""
        content = {"method": _digest(reproduction), **asdict(result)}
        file = self.folder / reproduction.name / f"{result.seed}.json"
        write_atomically(file, f"{readable(content)}\n".encode())


def _digest(reproduction: Reproduction) -> str:
    return method_digest(method_content(reproduction, _DATA), reproduction.settings)
