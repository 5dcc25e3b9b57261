"""Which runs of a batch have to wait for which: those that use one file, where one writes it."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.method_config import MethodConfig
from dcrf.config.rules.shared_files import files_of


@dataclass(frozen=True, slots=True)
class Needs:
    """What there must be before a run starts; the runs have numbers, and are earlier ones.

    files: for a run that must be ok, the file that it saves and this one loads.
    ended: runs that must have ended, as they load what this one saves over.
    """

    files: Mapping[int, Path]
    ended: Set[int]


def needs(runs: Sequence[tuple[MethodConfig, int | None]]) -> list[Needs]:
    """Return for each run what it needs.

    Args:
        runs: in their order, methods with the seeds that belong into the names of saved files.
    """
    files = [files_of(config, seed) for config, seed in runs]
    return [
        Needs(
            {
                n: min(found)
                for n, (before, _) in enumerate(files[:run])
                if (found := before & loaded)
            },
            {n for n, (_, before) in enumerate(files[:run]) if before & saved},
        )
        for run, (saved, loaded) in enumerate(files)
    ]
