"""Published figures of methods, and the bands that ours are held to: `published/figures.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dcrf.schema.package_data import PUBLISHED, json_content

FIGURES = PUBLISHED / "figures.json"

TAGS = {
    "R": "read in the named repository or document",
    "I": "read from an image of a table",
    "S": "quoted by another paper or repository",
    "T": "stated by the maintainers of dcrf; the publication could not be read",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A published result.

    scores: metric -> value from 0 to 1.
    of: the method, data and protocol.
    source: the publication or repository.
    tag: a key of `TAGS`.
    deviations: metric -> standard deviation over the published runs; empty if unknown.
    runs: number of published runs; None if unknown.
    reclustering: the reclustering of the method file that the scores belong to; None for the
        assignments of the method itself.
    """

    scores: Mapping[str, float]
    of: str
    source: str
    tag: str
    deviations: Mapping[str, float] = field(default_factory=dict)
    runs: int | None = None
    reclustering: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a figure without a source, or deviations of unknown runs."""
        if self.tag not in TAGS or not self.source:
            raise ValueError(f"{self.of}: expected a source and a tag of {', '.join(TAGS)}")
        if self.deviations and self.runs is None:
            raise ValueError(f"{self.of}: expected the number of runs beside their deviations")


@dataclass(frozen=True, slots=True)
class Band:
    """The values of a metric that a correct implementation reaches; `high` is included.

    tried: what was found out about values outside; shown beside them.
    """

    metric: str
    low: float
    high: float = 1.0
    tried: str = ""

    def contains(self, value: float) -> bool:
        """Whether a value, rounded as the table shows it, is in the band."""
        return self.low <= round(value, 3) <= self.high


@dataclass(frozen=True, slots=True)
class Published:
    """What is known of a method file. `band` is None if no band is known."""

    figures: Sequence[Figure] = field(default_factory=tuple)
    band: Band | None = None


def read_published(file: Path = FIGURES) -> dict[str, Published]:
    """Return the stem of a method file -> its published figures and band.

    Raises:
        ValueError: a figure has no source or an unknown tag.
        TypeError: an entry has missing or unknown keys.
    """
    return {
        stem: Published(
            tuple(Figure(**figure) for figure in entry.get("figures", ())),
            Band(**entry["band"]) if "band" in entry else None,
        )
        for stem, entry in json_content(file).items()
    }
