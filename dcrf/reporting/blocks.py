"""Text before it is laid out for a terminal or a page."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text whose line ends count as spaces.

    indent: spaces before the first line.
    hanging: spaces before the others; None for as many.
    """

    text: str
    indent: int = 0
    hanging: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of cells.

    rows: all have as many cells.
    indent: spaces before each line.
    align: `l` or `r` for each column.
    """

    rows: Sequence[Sequence[str]]
    indent: int
    align: str


Block = Paragraph | Columns
"""An empty paragraph separates its neighbors."""
