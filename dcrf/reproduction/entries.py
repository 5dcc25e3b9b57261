"""The published results that are reproduced, and how: `published/reproductions.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.rules.suggestions import hint, listed
from dcrf.errors import CommandLineError
from dcrf.reproduction.figures import Figure, read_published
from dcrf.schema.package_data import PUBLISHED, json_content

REPRODUCTIONS = PUBLISHED / "reproductions.json"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A shipped method with the published schedule, and the figures that it should reach.

    name: unique.
    method: the stem of a shipped method file.
    seeds: number of runs, seeds 0, 1, ...: as many as were published, or 3.
    evaluated_on: the samples that the scores are of.
    figures: the published ones.
    settings: changes of the file in the form of `--set`.
    note: how the run differs from the published one, beyond the description in the file.
    tried: what was found out about results that differ from the published ones.
    saves_features: whether runs save the features of all samples after every phase, for pictures.
    """

    name: str
    method: str
    seeds: int
    evaluated_on: str
    figures: Sequence[Figure]
    settings: Sequence[str] = ()
    note: str = ""
    tried: str = ""
    saves_features: bool = False


def read_reproductions(file: Path = REPRODUCTIONS) -> dict[str, Reproduction]:
    """Return name -> reproduction, in the order of the file.

    Raises:
        TypeError: an entry has missing or unknown keys.
        KeyError: a method has no published figures.
    """
    published = read_published()
    reproductions = {}
    for name, entry in json_content(file).items():
        method = entry.get("method", name)
        known = {"name": name, "method": method, "figures": published[method].figures}
        reproductions[name] = Reproduction(**{**entry, **known})
    return reproductions


def reproductions_called(
    names: Sequence[str], known: Mapping[str, Reproduction]
) -> list[Reproduction]:
    """Return the reproductions with these names, in their order.

    Raises:
        CommandLineError: a name is unknown.
    """
    for name in names:
        if name not in known:
            remedy = hint(name, known) or f"; there are {listed(known)}"
            raise CommandLineError(f"no reproduction is called {name!r}{remedy}")
    return [known[name] for name in dict.fromkeys(names)]
