"""Check that the methods of one batch do not get in each other's way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from dcrf.config.files import exists
from dcrf.config.model import MethodConfig, SaveConfig
from dcrf.config.paths import saved_file, with_seed
from dcrf.errors import ConfigError, Problem


def check_batch(configs: Sequence[MethodConfig], seeds: Sequence[int]) -> None:
    """Check the files that methods which run together save and load.

    Raises:
        ConfigError: two methods, or two parts of one, save to the same file; a file to load
            does not exist and no method of the batch saves it.
    """
    used: Sequence[int | None] = seeds if len(seeds) > 1 else [None]
    writers: dict[Path, _Writer] = {}
    problems: dict[Problem, None] = {}
    for config, seed in product(configs, used):
        for file, save in _saved(config, seed):
            writer = _Writer(config, save, seed)
            first = writers.setdefault(file, writer)
            if not writer.is_same_as(first):
                problems[_conflict(writer, first)] = None
    for config in configs:
        for path, file in _loaded(config):
            names = {file if seed is None else with_seed(file, seed) for seed in used}
            if not exists(file) and not names & writers.keys():
                problems[_missing(config, path, file)] = None
    if problems:
        raise ConfigError("the batch", list(problems))


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


def _saved(config: MethodConfig, seed: int | None) -> Iterator[tuple[Path, SaveConfig]]:
    for dataset in config.datasets:
        for phase in config.phases:
            for save in phase.saves if phase.name in dataset.phases else ():
                part = save.mapping_name or "centroids"
                yield saved_file(save.target, config.name, dataset.name, part, seed), save


def _loaded(config: MethodConfig) -> Iterator[tuple[str, Path]]:
    for phase in config.phases:
        yield from ((f"{load.path}.path_to_file", load.file) for load in phase.loads)
    centroids = config.centroids
    if centroids is not None and centroids.file is not None:
        yield f"{centroids.path}.centroid_file_path", centroids.file


def _conflict(writer: _Writer, first: _Writer) -> Problem:
    target = f"{first.save.path} of {first.config.source}"
    found = f"it saves to the same file as {target}: {first.save.target}"
    remedy = "give each its own path, or give the methods different names"
    return Problem(f"{writer.save.path} of {writer.config.source}", found, remedy)


def _missing(config: MethodConfig, path: str, file: Path) -> Problem:
    found = f"the file '{file}' does not exist, and no method of the batch saves it"
    return Problem(f"{path} of {config.source}", found, "check the path, or run what saves it")
