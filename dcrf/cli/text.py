"""Lay out text for a terminal of any width."""

import shutil
import textwrap
from collections.abc import Sequence

NARROWEST, WIDEST = 60, 100
"""Columns of a terminal that lines are fitted to; longer lines are hard to read."""


def terminal_width() -> int:
    """Return the number of columns that lines are fitted to."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def paragraph(text: str, indent: int = 0, hanging: int | None = None) -> list[str]:
    """Return the lines of a text. Addresses and other long words are not cut.

    Args:
        text: its line ends count as spaces.
        indent: spaces before the first line.
        hanging: spaces before the others; as many by default.
    """
    return textwrap.wrap(
        " ".join(text.split()),
        terminal_width(),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if hanging is None else hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )


def columns(rows: Sequence[Sequence[str]], indent: int = 0, align: str = "") -> list[str]:
    """Return the lines of a table. A first cell that leaves no room for the others is wrapped.

    Args:
        rows: cells; all rows have as many.
        indent: spaces before each line.
        align: `l` or `r` for each column, by default all `l`.
    """
    if not rows:
        return []
    align = align or "l" * len(rows[0])
    widths = [max(len(row[i]) for row in rows) for i in range(len(align))]
    others = sum(width + 2 for width in widths[1:])
    widths[0] = min(widths[0], max(NARROWEST // 2, terminal_width() - indent - others))
    lines = []
    for row in rows:
        first, *more = textwrap.wrap(row[0], widths[0], subsequent_indent="  ") or [""]
        cells = (first, *row[1:])
        padded = [
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(cells, widths, align, strict=True)
        ]
        lines += [line.rstrip() for line in ("  ".join(padded), *more)]
    return [" " * indent + line for line in lines]
