"""Which runs of a batch have to wait for which: those that use one file, where one writes it."""

from collections.abc import Sequence
from pathlib import Path

from dcrf.config.model import MethodConfig
from dcrf.config.saved_names import saved_file, with_seed


def needs(runs: Sequence[tuple[MethodConfig, int | None]]) -> list[set[int]]:
    """Return for each run the numbers of the earlier ones that must have ended before it starts.

    Args:
        runs: in their order, methods with the seeds that belong into the names of saved files.
    """
    saved = [_saved(config, seed) for config, seed in runs]
    loaded = [_loaded(config, seed) for config, seed in runs]
    return [
        {
            earlier
            for earlier in range(run)
            if saved[earlier] & loaded[run] or loaded[earlier] & saved[run]
        }
        for run in range(len(runs))
    ]


def _saved(config: MethodConfig, seed: int | None) -> set[Path]:
    return {
        saved_file(save.target, config.name, dataset.name, save.mapping_name or "centroids", seed)
        for phase in config.phases
        for dataset in config.datasets
        for save in phase.saves
    }


def _loaded(config: MethodConfig, seed: int | None) -> set[Path]:
    files = {load.file for phase in config.phases for load in phase.loads}
    if config.centroids is not None and config.centroids.file is not None:
        files.add(config.centroids.file)
    return files if seed is None else files | {with_seed(file, seed) for file in files}
