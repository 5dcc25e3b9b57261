"""Published figures of methods, and the bands that ours are held to: `published.json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PUBLISHED = Path(__file__).with_name("published.json")

TAGS = {
    "R": "read in the named repository or document",
    "I": "read from an image of a table",
    "S": "quoted by another paper or repository",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A published result.

    scores: metric -> value from 0 to 1.
    of: the method, data and protocol.
    source: the publication or repository.
    tag: a key of `TAGS`.
    """

    scores: Mapping[str, float]
    of: str
    source: str
    tag: str

    def __post_init__(self) -> None:
        """Raise ValueError for a figure without a source that somebody has read."""
        if self.tag not in TAGS or not self.source:
            raise ValueError(f"{self.of}: expected a source and a tag of {', '.join(TAGS)}")


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


def read_published(file: Path = PUBLISHED) -> dict[str, Published]:
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
        for stem, entry in json.loads(file.read_text()).items()
    }
