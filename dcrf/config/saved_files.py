"""The files that the phases of a method save and load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.file_names import names_to_load, saved_file
from dcrf.config.method_config import DatasetConfig, MethodConfig, PhaseConfig, SaveConfig

Runs = Sequence[tuple[MethodConfig, Sequence[int | None]]]
"""Methods in running order, each with the seeds in the names of its files; None for no seed."""


def files_of(config: MethodConfig, seed: int | None) -> tuple[set[Path], set[Path]]:
    """Return the files that a run saves, and the files that it may load.

    Args:
        config: of the method.
        seed: in the names of its files; None for no seed.
    """
    steps = list(phase_files([(config, [seed])]))
    saved = {file for step in steps for file, _ in step.saved()}
    loaded = {file for step in steps for _, file in step.loaded()}
    return saved, {name for file in loaded for name in names_to_load(file, seed)}


@dataclass(frozen=True, slots=True)
class PhaseFiles:
    """The files of a phase on a data set in one run.

    first_centroids: whether the phase initializes the centroids.
    """

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


def phase_files(runs: Runs) -> Iterator[PhaseFiles]:
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
                    yield PhaseFiles(config, seed, dataset, phase, is_first)
