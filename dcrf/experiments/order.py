"""Which runs of a batch have to wait for which: those that use one file, where one writes it."""

from collections.abc import Sequence

from dcrf.config.model import MethodConfig
from dcrf.config.saved_files import files_of


def needs(runs: Sequence[tuple[MethodConfig, int | None]]) -> list[set[int]]:
    """Return for each run the numbers of the earlier ones that must have ended before it starts.

    Args:
        runs: in their order, methods with the seeds that belong into the names of saved files.
    """
    files = [files_of(config, seed) for config, seed in runs]
    return [
        {
            number
            for number, (saved_before, loaded_before) in enumerate(files[:run])
            if saved_before & loaded or loaded_before & saved
        }
        for run, (saved, loaded) in enumerate(files)
    ]
