"""The method files that a search runs: of combinations, and of their first phases."""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.recombination.candidates import Candidate
from dcrf.recombination.first_phase import Start, start_of
from dcrf.storage.atomic_files import write_atomically
from dcrf.storage.write_json import readable

_DIGITS = 8


def write_files(
    candidates: Sequence[Candidate],
    seeds: Sequence[int],
    folder: Path,
    finished: Container[tuple[str, int]] = (),
) -> tuple[list[Path], list[Path]]:
    """Write the files that a search runs.

    The first phase of a combination is a method of its own, if its mappings are all that it leaves:
    one for all combinations that have it, for each seed. It saves the mappings, and the
    combinations load them; their results are the same as alone.

    Args:
        candidates: with different names.
        seeds: of each.
        folder: gets `methods/` (the combinations), `seeds/` and `starts/` (what runs).
        finished: names and seeds of combinations that need not run.

    Returns:
        The files of first phases that are not trained yet, and those of combinations.

    Raises:
        OSError: a file cannot be written.
    """
    folder = folder.absolute()
    starts = {each.name: start_of(each.config) for each in candidates}
    for candidate in candidates:
        write_method(folder / "methods" / f"{candidate.name}.json", candidate.content)
    first: dict[Path, Path] = {}  # folder of a first phase -> its file
    files = []
    for seed in seeds:
        for candidate in candidates:
            if (candidate.name, seed) in finished:
                continue
            start = starts[candidate.name]
            if start is not None:
                place = _start_folder(start, seed, folder)
                if place not in first and not start.is_trained(place):
                    first[place] = start.write_method(place, seed)
            files.append(_seed_file(candidate, start, seed, folder))
    return list(first.values()), files


def write_method(file: Path, content: Mapping[str, Any]) -> None:
    """Write a method file.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, f"{readable(dict(content))}\n".encode())


def _start_folder(start: Start, seed: int, folder: Path) -> Path:
    return folder / "starts" / f"{start.key[:_DIGITS]}-{seed}"


def _seed_file(candidate: Candidate, start: Start | None, seed: int, folder: Path) -> Path:
    """Write the method of a combination with a seed, after its first phase if that is a method."""
    changes: dict[str, Any] = {"extends": f"../methods/{candidate.name}.json", "seed": seed}
    if start is not None:
        changes["phases"] = start.changes(_start_folder(start, seed, folder))
    file = folder / "seeds" / f"{candidate.name}-{seed}.json"
    write_method(file, changes)
    return file
