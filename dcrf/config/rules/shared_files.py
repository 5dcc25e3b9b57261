"""Check that the methods of one batch do not get in each other's way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.file_names import names_to_load, saved_file
from dcrf.config.method_config import DatasetConfig, MethodConfig, PhaseConfig, SaveConfig
from dcrf.config.path_checks import is_file
from dcrf.config.rules.input_files import mismatch
from dcrf.errors import Problem

_Found = tuple[MethodConfig, Problem]
"""A problem, and the method whose it is."""


Runs = Sequence[tuple[MethodConfig, Sequence[int | None]]]
"""Methods, one after the other, each with the seeds that belong into the names of the files that
its runs save; None for a run without."""


def check_shared_files(runs: Runs) -> list[list[Problem]]:
    """Return the problems of each of the methods.

    Two of them, or two parts of one, save to the same file; or a file to load does not exist, and
    nothing that runs before saves it.
    """
    steps = list(_steps(runs))
    writers: dict[Path, _Writer] = {}
    found = [*_conflicts(steps, writers), *_unsaved(steps, writers)]
    return [list(dict.fromkeys(p for of, p in found if of is config)) for config, _ in runs]


def files_of(config: MethodConfig, seed: int | None) -> tuple[set[Path], set[Path]]:
    """Return the files that a run saves, and those that it may load.

    Args:
        config: of the method.
        seed: of the run where there are several, else None.
    """
    steps = list(_steps([(config, [seed])]))
    saved = {file for step in steps for file, _ in step.saved()}
    loaded = {file for step in steps for _, file in step.loaded()}
    return saved, {name for file in loaded for name in names_to_load(file, seed)}


@dataclass(frozen=True, slots=True)
class _Step:
    """A phase on a data set in one run; `first_centroids` says that it makes new centroids."""

    config: MethodConfig
    seed: int | None
    dataset: DatasetConfig
    phase: PhaseConfig
    first_centroids: bool

    def saved(self) -> Iterator[tuple[Path, SaveConfig]]:
        """Yield the files that it writes."""
        for save in self.phase.saves:
            names = (self.config.name, self.dataset.name, save.part)
            yield saved_file(save.target, *names, self.seed), save

    def loaded(self) -> Iterator[tuple[str, Path]]:
        """Yield JSON path and file of what it reads on entering."""
        yield from ((f"{load.path}.path_to_file", load.file) for load in self.phase.loads)
        centroids = self.config.centroids
        if self.first_centroids and centroids is not None and centroids.file is not None:
            yield f"{centroids.path}.centroid_file_path", centroids.file


def _steps(runs: Runs) -> Iterator[_Step]:
    """Yield all that is run, in its order."""
    for config, seed in ((config, seed) for config, seeds in runs for seed in seeds):
        using = () if config.centroids is None else config.centroids.phases
        are_there = False
        for dataset in config.datasets:
            are_there = are_there and not dataset.reinitialize_mappings
            for phase in config.phases:
                if phase.name in dataset.phases:
                    is_first = phase.name in using and not are_there
                    are_there = are_there or is_first
                    yield _Step(config, seed, dataset, phase, is_first)


@dataclass(frozen=True, slots=True, eq=False)
class _Writer:
    """Who saves to a file."""

    config: MethodConfig
    save: SaveConfig
    seed: int | None

    def is_same_as(self, other: "_Writer") -> bool:
        """Whether it is the same part of the same run, which may save to a file repeatedly."""
        return (
            self.config is other.config
            and self.seed == other.seed
            and self.save.mapping_name == other.save.mapping_name
        )


def _conflicts(steps: Sequence[_Step], writers: dict[Path, _Writer]) -> Iterator[_Found]:
    """Fill in who is the first to save to each file."""
    for step in steps:
        for file, save in step.saved():
            writer = _Writer(step.config, save, step.seed)
            first = writers.setdefault(file, writer)
            if not writer.is_same_as(first):
                yield step.config, _conflict(writer, first)


def _unsaved(steps: Sequence[_Step], writers: Mapping[Path, _Writer]) -> Iterator[_Found]:
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
    found = f"it saves to the same file as {target}: {first.save.target}"
    remedy = "give each its own path, or give the methods different names"
    return Problem(f"{writer.save.path}.path_to_file_or_dir", found, remedy)


def _missing(path: str, file: Path, later: _Writer | None) -> Problem:
    if later is None:
        wrong = mismatch(file, "file")
        found = f"the file '{file}' {wrong}, and nothing in the batch saves it"
        return Problem(path, found, "check the path, or run what saves it")
    writer = f"{later.save.path} of {later.config.source}"
    found = f"the file '{file}' does not exist yet, it is saved only later, by {writer}"
    return Problem(path, found, "run what saves it before")
