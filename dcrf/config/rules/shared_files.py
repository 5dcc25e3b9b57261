"""Check the files that several methods share: each is saved once, and before it is loaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.file_names import names_to_load, saved_file
from dcrf.config.method_config import DatasetConfig, MethodConfig, PhaseConfig, SaveConfig
from dcrf.config.path_checks import is_file
from dcrf.config.rules.input_files import mismatch
from dcrf.errors import Problem

Runs = Sequence[tuple[MethodConfig, Sequence[int | None]]]
"""Methods in running order, each with the seeds in the names of its files; None for no seed."""

_Located = tuple[MethodConfig, Problem]
"""A problem with its method."""


def check_shared_files(runs: Runs) -> list[list[Problem]]:
    """Return the problems of each method.

    A problem is a file that two methods save, or two parts of one method; or a file to load that
    neither exists nor is saved before.
    """
    steps = list(_steps(runs))
    writers: dict[Path, _Writer] = {}
    located = [*_conflicts(steps, writers), *_unsaved(steps, writers)]
    return [list(dict.fromkeys(p for owner, p in located if owner is c)) for c, _ in runs]


def files_of(config: MethodConfig, seed: int | None) -> tuple[set[Path], set[Path]]:
    """Return the files that a run saves, and the files that it may load.

    Args:
        config: of the method.
        seed: in the names of its files; None for no seed.
    """
    steps = list(_steps([(config, [seed])]))
    saved = {file for step in steps for file, _ in step.saved()}
    loaded = {file for step in steps for _, file in step.loaded()}
    return saved, {name for file in loaded for name in names_to_load(file, seed)}


@dataclass(frozen=True, slots=True)
class _Step:
    """A phase on a data set in one run. `first_centroids`: whether it initializes centroids."""

    config: MethodConfig
    seed: int | None
    dataset: DatasetConfig
    phase: PhaseConfig
    first_centroids: bool

    def saved(self) -> Iterator[tuple[Path, SaveConfig]]:
        """Yield each file that the phase saves."""
        for save in self.phase.saves:
            names = (self.config.name, self.dataset.name, save.part)
            yield saved_file(save.target, *names, self.seed), save

    def loaded(self) -> Iterator[tuple[str, Path]]:
        """Yield JSON path and file of each load when the phase starts."""
        yield from ((f"{load.path}.path_to_file", load.file) for load in self.phase.loads)
        centroids = self.config.centroids
        if self.first_centroids and centroids is not None and centroids.file is not None:
            yield f"{centroids.path}.centroid_file_path", centroids.file


def _steps(runs: Runs) -> Iterator[_Step]:
    """Yield every phase of every run, in running order."""
    for config, seed in ((config, seed) for config, seeds in runs for seed in seeds):
        centroid_phases = () if config.centroids is None else config.centroids.phases
        has_centroids = False
        for dataset in config.datasets:
            has_centroids = has_centroids and not dataset.reinitialize_mappings
            for phase in config.phases:
                if phase.name in dataset.phases:
                    is_first = phase.name in centroid_phases and not has_centroids
                    has_centroids = has_centroids or is_first
                    yield _Step(config, seed, dataset, phase, is_first)


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
            and self.save.mapping_name == other.save.mapping_name
        )


def _conflicts(steps: Sequence[_Step], writers: dict[Path, _Writer]) -> Iterator[_Located]:
    """Yield files with two writers, and enter the first writer of each file into `writers`."""
    for step in steps:
        for file, save in step.saved():
            writer = _Writer(step.config, save, step.seed)
            first = writers.setdefault(file, writer)
            if not writer.is_same_as(first):
                yield step.config, _conflict(writer, first)


def _unsaved(steps: Sequence[_Step], writers: Mapping[Path, _Writer]) -> Iterator[_Located]:
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
