"""The method files that a search runs: of combinations, and of the beginnings that they share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.recombination.candidates import Candidate
from dcrf.recombination.shared_starts import Start, shared_starts
from dcrf.storage.atomic_files import write_atomically
from dcrf.storage.write_json import readable

_DIGITS = 8


def write_files(candidates: Sequence[Candidate], seeds: Sequence[int], folder: Path) -> list[Path]:
    """Write the files that a search runs, and return them in the order of their runs.

    A first phase that several combinations have in common is a method of its own for each seed. It
    saves its mappings, and the combinations load them; their results are the same as alone.

    Args:
        candidates: with different names.
        seeds: of each.
        folder: gets `methods/` (the combinations), `seeds/` and `starts/` (what runs).
    """
    folder = folder.absolute()
    starts = shared_starts({each.name: each.config for each in candidates})
    files: dict[Path, None] = {}
    for candidate in candidates:
        write_method(folder / "methods" / f"{candidate.name}.json", candidate.content)
    for seed in seeds:
        for candidate in candidates:
            start = starts.get(candidate.name)
            if start is not None:
                files[_start_file(start, seed, folder)] = None
            files[_seed_file(candidate, start, seed, folder)] = None
    return list(files)


def write_method(file: Path, content: Mapping[str, Any]) -> None:
    """Write a method file.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, f"{readable(dict(content))}\n".encode())


def _start_folder(start: Start, seed: int, folder: Path) -> Path:
    return folder / "starts" / f"{start.key[:_DIGITS]}-{seed}"


def _start_file(start: Start, seed: int, folder: Path) -> Path:
    """Write the method of a shared beginning with a seed."""
    return start.write_method(_start_folder(start, seed, folder), seed)


def _seed_file(candidate: Candidate, start: Start | None, seed: int, folder: Path) -> Path:
    """Write the method of a combination with a seed, after the shared beginning if it has one."""
    changes: dict[str, Any] = {"extends": f"../methods/{candidate.name}.json", "seed": seed}
    if start is not None:
        changes["phases"] = start.changes(_start_folder(start, seed, folder))
    file = folder / "seeds" / f"{candidate.name}-{seed}.json"
    write_method(file, changes)
    return file
