"""Find which runs must wait for which, by the files that they save and load."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.method_config import MethodConfig
from dcrf.config.saved_files import files_of


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The earlier runs, by number, that a run waits for.

    files: runs that must be `ok`, each with the file that it saves and this run loads.
    ended: runs that must have ended, since they load a file that this run overwrites.
    """

    files: Mapping[int, Path]
    ended: Set[int]


def dependencies(runs: Sequence[tuple[MethodConfig, int | None]]) -> list[Dependencies]:
    """Return the dependencies of each run.

    Args:
        runs: in their order, methods with the seed that the names of their saved files contain.
    """
    files = [files_of(config, seed) for config, seed in runs]
    return [
        Dependencies(
            {
                number: min(shared)
                for number, (earlier, _) in enumerate(files[:run])
                if (shared := earlier & loaded)
            },
            {number for number, (_, earlier) in enumerate(files[:run]) if earlier & saved},
        )
        for run, (saved, loaded) in enumerate(files)
    ]
