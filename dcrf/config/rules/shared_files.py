"""Check the files that several methods share: each is saved once, and before it is loaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.file_names import names_to_load
from dcrf.config.method_config import MethodConfig, SaveConfig
from dcrf.config.path_checks import is_file
from dcrf.config.rules.input_files import mismatch
from dcrf.config.saved_files import PhaseFiles, Runs, phase_files
from dcrf.errors import Problem

_Located = tuple[MethodConfig, Problem]
"""A problem with its method."""


def check_shared_files(runs: Runs) -> list[list[Problem]]:
    """Return the problems of each method.

    A problem is a file that two methods save, or two parts of one method; or a file to load that
    neither exists nor is saved before.
    """
    steps = list(phase_files(runs))
    writers: dict[Path, _Writer] = {}
    located = [*_conflicts(steps, writers), *_unsaved(steps, writers)]
    return [list(dict.fromkeys(p for owner, p in located if owner is c)) for c, _ in runs]


@dataclass(frozen=True, slots=True, eq=False)
class _Writer:
    """The entry and run that save a file."""

    config: MethodConfig
    save: SaveConfig
    seed: int | None

    def is_same_as(self, other: "_Writer") -> bool:
        """Whether both are one part of one run, which may save a file repeatedly."""
        return (
            self.config is other.config
            and self.seed == other.seed
            and self.save.part == other.save.part
        )


def _conflicts(steps: Sequence[PhaseFiles], writers: dict[Path, _Writer]) -> Iterator[_Located]:
    """Yield files with two writers, and enter the first writer of each file into `writers`."""
    for step in steps:
        for file, save in step.saved():
            writer = _Writer(step.config, save, step.seed)
            first = writers.setdefault(file, writer)
            if not writer.is_same_as(first):
                yield step.config, _conflict(writer, first)


def _unsaved(steps: Sequence[PhaseFiles], writers: Mapping[Path, _Writer]) -> Iterator[_Located]:
    """Yield files that are loaded before any phase saves them, and do not exist."""
    written: set[Path] = set()
    for step in steps:
        for path, file in step.loaded():
            names = names_to_load(file, step.seed)
            if not any(is_file(name) or name in written for name in names):
                later = next((writers[name] for name in names if name in writers), None)
                yield step.config, _missing(path, file, later)
        written |= {file for file, _ in step.saved()}


def _conflict(writer: _Writer, first: _Writer) -> Problem:
    target = f"{first.save.path} of {first.config.source}"
    message = f"it saves to the same file as {target}: {first.save.target}"
    remedy = "give each its own path, or give the methods different names"
    return Problem(f"{writer.save.path}.path_to_file_or_dir", message, remedy)


def _missing(path: str, file: Path, later: _Writer | None) -> Problem:
    if later is None:
        message = f"the file '{file}' {mismatch(file, 'file')}, and no method here saves it"
        return Problem(path, message, "check the path, or add the method that saves the file")
    writer = f"{later.save.path} of {later.config.source}"
    message = f"the file '{file}' does not exist yet: {writer} saves it later"
    return Problem(path, message, "run the method that saves the file first")
