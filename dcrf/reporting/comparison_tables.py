"""Comparisons of methods as tables: for the terminal, in Markdown, in LaTeX and as CSV."""

import csv
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from io import StringIO
from statistics import mean, stdev
from types import MappingProxyType

from dcrf.reporting.comparison import METRICS, Comparison, Difference, Differences
from dcrf.reporting.lines import table
from dcrf.reporting.scores import heading
from dcrf.reporting.summary import spread
from dcrf.safety.terminal_text import escaped

BEST_MARK = "*"
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
            **{character: rf"\{character}" for character in "&%$#_{}"},
        }
    )
)


def legend(comparison: Comparison) -> str:
    """Return what the numbers mean."""
    if not comparison.n:
        return "no run has scores"
    runs = f"{comparison.n} run{'s' if comparison.n != 1 else ''}"
    others = {len(scores) for scores in comparison.values.values()} - {comparison.n}
    unless = ", or over (n=...) runs" if others else ""
    if max({comparison.n, *others}) == 1:
        return f"scores of {runs}"
    return f"mean ± standard deviation (n - 1) over {runs}{unless}"


def text_table(comparison: Comparison, notes: Sequence[str], width: int) -> str:
    """Return a table for each data set, with lines of at most `width` characters, and notes.

    Names get lines of their own, and scores tables of their own, if a table is too wide.

    Args:
        comparison: of the methods.
        notes: sentences below the tables.
        width: at least 40.
    """
    header = ["method", *map(heading, METRICS)]
    parts = []
    for dataset in comparison.datasets:
        rows = [
            [escaped(method), *score_cells(comparison, method, dataset, _starred)]
            for method in comparison.methods
            if _has_scores(comparison, method, dataset)
        ]
        if rows:
            title = _wrapped(f"data set {escaped(dataset)}", width)
            parts.append("\n".join([title, *_fit(header, rows, width)]))
    best = [f"{BEST_MARK} best mean on the data set"] if comparison.best else []
    parts.append("\n".join(_wrapped(note, width) for note in [legend(comparison), *best, *notes]))
    return "\n\n".join(parts)


def markdown_table(comparison: Comparison, notes: Sequence[str]) -> str:
    """Return a table with a row for each method and columns for each data set, and notes."""
    header = ["method", *(f"{d} {heading(m)}" for d in comparison.datasets for m in METRICS)]
    rows = [
        [_markdown(cell) for cell in header],
        ["---", *["---:"] * (len(header) - 1)],
        *(
            [_markdown(method), *_all_cells(comparison, method, lambda cell: f"**{cell}**")]
            for method in comparison.methods
        ),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n\n".join(["\n".join(lines), *map(_markdown, [legend(comparison), *notes])])


def latex_table(comparison: Comparison, notes: Sequence[str]) -> str:
    """Return a `tabular` that needs no package, and the notes as comments."""
    groups = [rf"\multicolumn{{{len(METRICS)}}}{{c}}{{{_latex(d)}}}" for d in comparison.datasets]
    metrics = [_latex(heading(m)) for _ in comparison.datasets for m in METRICS]

    def bold(cell: str) -> str:
        return rf"\textbf{{{cell}}}"

    rows = [
        [_latex(method), *_all_cells(comparison, method, bold, _latex)]
        for method in comparison.methods
    ]
    comments = [f"% {escaped(note)}" for note in [legend(comparison), *notes]]
    return "\n".join(
        [
            *comments,
            rf"\begin{{tabular}}{{l{'r' * len(metrics)}}}",
            r"\hline",
            rf"{' & '.join(['', *groups])} \\",
            rf"{' & '.join(['method', *metrics])} \\",
            r"\hline",
            *(rf"{' & '.join(row)} \\" for row in rows),
            r"\hline",
            r"\end{tabular}",
        ]
    )


def csv_table(comparison: Comparison, differences: Differences | None = None) -> str:
    """Return a row for each method, data set and score: n, mean and deviation (n - 1).

    Args:
        comparison: of the methods.
        differences: from the baseline, for further columns; None without a baseline.
    """
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    header = ["method", "dataset", "score", "n", "mean", "deviation", "best", "seeds"]
    if differences is not None:
        header += ["pairs", "difference", "wilcoxon_p", "t_p", "verdict"]
    writer.writerow(header)
    for method in comparison.methods:
        for dataset in comparison.datasets:
            for metric in METRICS:
                key = method, dataset, metric
                scores = comparison.values.get(key, {})
                values = list(scores.values())
                writer.writerow(
                    [
                        *map(escaped, key),
                        len(values),
                        mean(values) if values else "",
                        stdev(values) if len(values) > 1 else "",
                        "yes" if key in comparison.best else "no",
                        " ".join(map(str, sorted(scores))),
                        *([] if differences is None else _difference_cells(differences.get(key))),
                    ]
                )
    return stream.getvalue().removesuffix("\n")


def _difference_cells(difference: Difference | None) -> tuple[object, ...]:
    """Return pairs, mean, both p-values and the verdict; empty cells for the baseline itself."""
    return ("",) * 5 if difference is None else astuple(difference)


def _has_scores(comparison: Comparison, method: str, dataset: str) -> bool:
    return any((method, dataset, metric) in comparison.values for metric in METRICS)


def _starred(mean_score: str) -> str:
    return f"{BEST_MARK}{mean_score}"


def _plain(text: str) -> str:
    return text


def score_cells(
    comparison: Comparison,
    method: str,
    dataset: str,
    mark: Callable[[str], str],
    escape: Callable[[str], str] = _plain,
) -> list[str]:
    """Return a method's scores on a data set, with the best means marked."""
    cells = []
    for metric in METRICS:
        key = method, dataset, metric
        values = list(comparison.values.get(key, {}).values())
        first, *rest = spread(values, comparison.n).split(" ", 1)
        shown = mark(first) if key in comparison.best else first
        cells.append(" ".join([shown, *map(escape, rest)]))
    return cells


def _all_cells(
    comparison: Comparison,
    method: str,
    mark: Callable[[str], str],
    escape: Callable[[str], str] = _plain,
) -> list[str]:
    return [
        cell
        for dataset in comparison.datasets
        for cell in score_cells(comparison, method, dataset, mark, escape)
    ]


def _fit(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table of at most `width` characters each."""
    whole = table(header, rows).split("\n")
    if _fits(whole, width):
        return whole
    scores = [_INDENT + line for line in table(header[1:], [row[1:] for row in rows]).split("\n")]
    if _fits(scores, width):
        lines = scores[:2]
        for (name, *_), line in zip(rows, scores[2:], strict=True):
            lines += [_wrapped(name, width), line]
        return lines
    lines = []
    for column in range(1, len(header)):
        pairs = [[row[0], row[column]] for row in rows]
        lines += [*([""] if lines else []), *_fit([header[0], header[column]], pairs, width)]
    return lines


def _fits(lines: Sequence[str], width: int) -> bool:
    return max(map(len, lines)) <= width


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width, subsequent_indent=_INDENT, break_on_hyphens=False)


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", escaped(text))


def _latex(text: str) -> str:
    return escaped(text).translate(_LATEX)
