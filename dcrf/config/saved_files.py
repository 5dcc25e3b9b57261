"""The files that the phases of a method save and load."""

from collections.abc import Collection, Iterator, Sequence
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

    starting: the parts that the phase initializes.
    """

    config: MethodConfig
    seed: int | None
    dataset: DatasetConfig
    phase: PhaseConfig
    starting: Collection[str]

    def saved(self) -> Iterator[tuple[Path, SaveConfig]]:
        """Yield each file that the phase saves."""
        for save in self.phase.saves:
            names = (self.config.name, self.dataset.name, save.part)
            yield saved_file(save.target, *names, self.seed, save.suffix), save

    def loaded(self) -> Iterator[tuple[str, Path]]:
        """Yield JSON path and file of each load when the phase starts."""
        yield from ((f"{load.path}.path_to_file", load.file) for load in self.phase.loads)
        for part in self.starting:
            yield from self.config.parts[part].files.items()


def phase_files(runs: Runs) -> Iterator[PhaseFiles]:
    """Yield every phase of every run, in running order."""
    for config, seed in ((config, seed) for config, seeds in runs for seed in seeds):
        started: set[str] = set()
        for dataset in config.datasets:
            if dataset.reinitialize_mappings:
                started = set()
            for phase in config.phases:
                if phase.name in dataset.phases:
                    used = {name for name, p in config.parts.items() if phase.name in p.phases}
                    yield PhaseFiles(config, seed, dataset, phase, sorted(used - started))
                    started |= used
