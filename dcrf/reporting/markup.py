"""Tables for the terminal, in Markdown and in LaTeX, with the names in them escaped."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dcrf.reporting.lines import table
from dcrf.safety.terminal_text import escaped

_INDENT = "  "
_MARKDOWN = re.compile(r"([\\|*`<\[])")
_LATEX: Mapping[int, str] = MappingProxyType(
    str.maketrans(
        {
            "\\": r"\textbackslash{}",
            "~": r"\textasciitilde{}",
            "^": r"\textasciicircum{}",
            "<": r"\textless{}",
            ">": r"\textgreater{}",
            "|": r"\textbar{}",
            "±": r"$\pm$",
            **{character: f"{{{character}}}" for character in "[]*"},  # \\[ and \\* are commands
            **{character: rf"\{character}" for character in "&%$#_{}"},
        }
    )
)


def fit(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table of at most `width` characters each, at least 40.

    Names in the first column get lines of their own, and other columns tables of their own, if the
    table is too wide.
    """
    whole = table(header, rows).split("\n")
    if fits(whole, width):
        return whole
    if fits(apart := names_apart(header, rows, width), width):
        return apart
    lines: list[str] = []
    for column in range(1, len(header)):
        pairs = [[row[0], row[column]] for row in rows]
        lines += [*([""] if lines else []), *fit([header[0], header[column]], pairs, width)]
    return lines


def laid_out(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, n_names: int = 1
) -> str:
    """Return a table whose names have lines of their own if it is wider than a terminal.

    Args:
        header: of the columns.
        rows: of cells.
        width: of the terminal; None for any.
        n_names: the number of columns that are names.
    """
    whole = table(header, rows)
    if width is None or fits(whole.split("\n"), width):
        return whole
    joined = [["  ".join(row[:n_names]), *row[n_names:]] for row in (header, *rows)]
    return "\n".join(names_apart(joined[0], joined[1:], width))


def names_apart(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table in which names have lines of their own, above indented cells.

    Args:
        header: of the columns; the first one, of names, is not shown.
        rows: of cells.
        width: of the lines of names.
    """
    cells = [_INDENT + line for line in table(header[1:], [row[1:] for row in rows]).split("\n")]
    lines = cells[:2]
    for (name, *_), line in zip(rows, cells[2:], strict=True):
        lines += [*wrapped(name, width).split("\n"), line]
    return lines


def fits(lines: Sequence[str], width: int) -> bool:
    """Whether no line has more characters than the width."""
    return max(map(len, lines)) <= width


def wrapped(text: str, width: int) -> str:
    """Return text in lines of at most `width` characters; lines after the first are indented."""
    return textwrap.fill(text, width, subsequent_indent=_INDENT, break_on_hyphens=False)


def markdown_lines(header: Sequence[str], rows: Sequence[Sequence[str]], n_names: int = 1) -> str:
    """Return a table in Markdown; cells are escaped already.

    Args:
        header: of the columns.
        rows: of cells.
        n_names: columns of names, left-aligned; the others are right-aligned.
    """
    rule = [*["---"] * n_names, *["---:"] * (len(header) - n_names)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, rule, *rows])


def latex_lines(
    columns: str,
    header: Sequence[Sequence[str]],
    rows: Sequence[Sequence[str]],
    comments: Sequence[str],
) -> str:
    """Return a `tabular` that needs no package; cells are escaped already.

    Args:
        columns: their alignment, such as `lrr`.
        header: rows of cells above a line.
        rows: of cells.
        comments: sentences in front of it.
    """
    return "\n".join(
        [
            *(f"% {escaped(comment)}" for comment in comments),
            rf"\begin{{tabular}}{{{columns}}}",
            r"\hline",
            *(rf"{' & '.join(row)} \\" for row in header),
            r"\hline",
            *(rf"{' & '.join(row)} \\" for row in rows),
            r"\hline",
            r"\end{tabular}",
        ]
    )


def markdown(text: str) -> str:
    """Return text with the characters escaped that have a meaning in Markdown."""
    return _MARKDOWN.sub(r"\\\1", escaped(text))


def latex(text: str) -> str:
    """Return text with the characters escaped that have a meaning in LaTeX."""
    return escaped(text).translate(_LATEX)
