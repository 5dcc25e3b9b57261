"""Comparisons of methods as tables: for the terminal, in Markdown, in LaTeX and as CSV."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import astuple
from io import StringIO
from statistics import mean, stdev

from dcrf.errors import counted
from dcrf.reporting.comparison import METRICS, Comparison, Differences
from dcrf.reporting.markup import (
    fit,
    latex,
    latex_lines,
    markdown,
    markdown_lines,
    wrapped,
)
from dcrf.reporting.scores import heading
from dcrf.reporting.summary import spread
from dcrf.safety.terminal_text import escaped

BEST_MARK = "*"


def legend(comparison: Comparison) -> str:
    """Return what the numbers mean."""
    if not comparison.n:
        return "no run has scores by labels; dcrf select compares runs without labels"
    runs = counted(comparison.n, "run")
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
            title = wrapped(f"data set {escaped(dataset)}", width)
            parts.append("\n".join([title, *fit(header, rows, width)]))
    best = [f"{BEST_MARK} best mean on the data set"] if comparison.best else []
    parts.append("\n".join(wrapped(note, width) for note in [legend(comparison), *best, *notes]))
    return "\n\n".join(parts)


def markdown_table(comparison: Comparison, notes: Sequence[str]) -> str:
    """Return a table with a row for each method and columns for each data set, and notes."""
    header = ["method", *(f"{d} {heading(m)}" for d in comparison.datasets for m in METRICS)]
    rows = [
        [markdown(method), *_all_cells(comparison, method, lambda cell: f"**{cell}**")]
        for method in comparison.methods
    ]
    lines = markdown_lines([markdown(cell) for cell in header], rows)
    return "\n\n".join([lines, *map(markdown, [legend(comparison), *notes])])


def latex_table(comparison: Comparison, notes: Sequence[str]) -> str:
    """Return a `tabular` that needs no package, and the notes as comments."""
    groups = [rf"\multicolumn{{{len(METRICS)}}}{{c}}{{{latex(d)}}}" for d in comparison.datasets]
    metrics = [latex(heading(m)) for _ in comparison.datasets for m in METRICS]

    def bold(cell: str) -> str:
        return rf"\textbf{{{cell}}}"

    rows = [
        [latex(method), *_all_cells(comparison, method, bold, latex)]
        for method in comparison.methods
    ]
    return latex_lines(
        f"l{'r' * len(metrics)}",
        [["", *groups], ["method", *metrics]],
        rows,
        [legend(comparison), *notes],
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
    writer.writerow([*header, *difference_columns(differences)])
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
                        *difference_cells(differences, key),
                    ]
                )
    return stream.getvalue().removesuffix("\n")


def difference_columns(differences: Differences | None) -> Sequence[str]:
    """Return the names of the CSV columns about a baseline; none without a baseline."""
    names = ("pairs", "difference", "wilcoxon_p", "t_p", "verdict")
    return () if differences is None else names


def difference_cells(
    differences: Differences | None, key: tuple[str, str, str]
) -> tuple[object, ...]:
    """Return the cells of `difference_columns`; empty ones for the baseline itself."""
    if differences is None:
        return ()
    if key not in differences:
        return ("",) * len(difference_columns(differences))
    return astuple(differences[key])


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
