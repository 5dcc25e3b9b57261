"""Statistics of scores over seeds, each in a column, in all formats of tables."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from statistics import mean, median, stdev

from dcrf.reporting.comparison import METRICS, Comparison, Differences
from dcrf.reporting.comparison_tables import BEST_MARK, difference_cells, difference_columns
from dcrf.reporting.markup import fit, latex, latex_lines, markdown, markdown_lines, wrapped
from dcrf.reporting.scores import heading
from dcrf.safety.terminal_text import escaped

STATISTICS = ("mean", "deviation", "median", "interval", "n")
"""Names of the statistics, in the order in which they are explained."""

Intervals = Mapping[tuple[str, str, str], tuple[float, float] | None]
"""Method, data set and metric -> the 95 % interval of the mean; None for too few scores."""

_HEADINGS = {"interval": "95 % interval"}
_ABSENT = "-"
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class StatisticsTable:
    """A table with a row for each method, data set and score, and a column for each statistic.

    comparison: of the methods.
    statistics: names of the columns, of `STATISTICS`.
    intervals: of the means; empty if `interval` is not among the statistics.
    """

    comparison: Comparison
    statistics: Sequence[str]
    intervals: Intervals

    def legend(self) -> str:
        """Return the meaning of the columns that their names leave open."""
        meanings = {
            "deviation": "deviation: standard deviation (n - 1)",
            "interval": "95 % interval of the mean: bootstrap over seeds, percentiles",
            "n": "n: number of seeds",
        }
        return "; ".join(text for name, text in meanings.items() if name in self.statistics)

    def text(self, notes: Sequence[str], width: int) -> str:
        """Return a table for each data set and score; `width` is that of lines, at least 40."""
        parts = []
        for dataset in self.comparison.datasets:
            for metric in METRICS:
                rows = [
                    [escaped(key[0]), *self._cells(key, lambda cell: f"{BEST_MARK}{cell}")]
                    for key in self._keys()
                    if key[1:] == (dataset, metric)
                ]
                if rows:
                    title = wrapped(f"data set {escaped(dataset)}, {heading(metric)}", width)
                    parts.append(
                        "\n".join([title, *fit(["method", *self._headings()], rows, width)])
                    )
        best = [f"{BEST_MARK} best mean on the data set"] if self._marks_best() else []
        below = [wrapped(note, width) for note in [self.legend(), *best, *notes] if note]
        return "\n\n".join([*parts, "\n".join(below)])

    def markdown(self, notes: Sequence[str]) -> str:
        """Return one table, and notes."""
        rows = self._marked_up(markdown, lambda cell: f"**{cell}**")
        header = ["data set", "score", "method", *self._headings()]
        lines = markdown_lines(header, rows, n_names=3)
        return "\n\n".join([lines, *(markdown(note) for note in [self.legend(), *notes] if note)])

    def latex(self, notes: Sequence[str]) -> str:
        """Return a `tabular` that needs no package, and the notes as comments."""
        rows = self._marked_up(latex, lambda cell: rf"\textbf{{{cell}}}")
        header = ["data set", "score", "method", *map(latex, self._headings())]
        columns = f"lll{'r' * len(self.statistics)}"
        comments = [note for note in [self.legend(), *notes] if note]
        return latex_lines(columns, [header], rows, comments)

    def csv(self, differences: Differences | None = None) -> str:
        """Return unrounded numbers; the interval has two columns, `low` and `high`.

        Args:
            differences: from a baseline, for further columns; None without a baseline.
        """
        stream = StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        names = [n for s in self.statistics for n in (("low", "high") if s == "interval" else (s,))]
        header = ["method", "dataset", "score", *names, "best", "seeds"]
        writer.writerow([*header, *difference_columns(differences)])
        for key in self._keys():
            scores = self.comparison.values[key]
            numbers = [n for name in self.statistics for n in self._numbers(key, name)]
            best = "yes" if key in self.comparison.best else "no"
            seeds = " ".join(map(str, sorted(scores)))
            row = [*map(escaped, key), *numbers, best, seeds, *difference_cells(differences, key)]
            writer.writerow(["" if cell is None else cell for cell in row])
        return stream.getvalue().removesuffix("\n")

    def _keys(self) -> Iterator[_Key]:
        """Yield the keys of all scores, by data set, metric and method."""
        for dataset in self.comparison.datasets:
            for metric in METRICS:
                for method in self.comparison.methods:
                    if (method, dataset, metric) in self.comparison.values:
                        yield method, dataset, metric

    def _headings(self) -> list[str]:
        return [_HEADINGS.get(name, name) for name in self.statistics]

    def _marks_best(self) -> bool:
        return "mean" in self.statistics and bool(self.comparison.best)

    def _marked_up(
        self, escape: Callable[[str], str], mark: Callable[[str], str]
    ) -> list[list[str]]:
        return [
            [escape(key[1]), heading(key[2]), escape(key[0]), *self._cells(key, mark, escape)]
            for key in self._keys()
        ]

    def _cells(
        self, key: _Key, mark: Callable[[str], str], escape: Callable[[str], str] = str
    ) -> list[str]:
        cells = []
        for name in self.statistics:
            numbers = [_shown(number) for number in self._numbers(key, name)]
            cell = escape(f"[{', '.join(numbers)}]" if len(numbers) > 1 else numbers[0])
            if _ABSENT in numbers:
                cell = _ABSENT
            cells.append(mark(cell) if name == "mean" and key in self.comparison.best else cell)
        return cells

    def _numbers(self, key: _Key, name: str) -> tuple[float | int | None, ...]:
        """Return a statistic, or the two ends of the interval; None if it is undefined."""
        values = list(self.comparison.values[key].values())
        match name:
            case "mean":
                return (mean(values),)
            case "deviation":
                return (stdev(values) if len(values) > 1 else None,)
            case "median":
                return (median(values),)
            case "interval":
                return self.intervals[key] or (None, None)
            case _:
                return (len(values),)


def _shown(number: float | int | None) -> str:
    if number is None:
        return _ABSENT
    return str(number) if isinstance(number, int) else f"{number:.3f}"
