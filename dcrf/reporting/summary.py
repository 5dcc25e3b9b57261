"""The table of all runs, and the content of `summary.json`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from dcrf.errors import indented
from dcrf.reporting.lines import duration, sample_size
from dcrf.reporting.markup import fits, laid_out, names_apart, wrapped
from dcrf.reporting.records import Outcome
from dcrf.reporting.scores import headings, scores_of, shown_headings

LABEL_MARK, OVERRIDE_MARK, WARNING_MARK, LOWEST_MARK = "*", "+", "!", "<"
_STATUS, _TIME, _WARNINGS = 3, -2, -1  # columns
_SIZE = "n"  # the heading of a column
LABEL_NOTE = f"{LABEL_MARK} labels influenced this result, so it is not unsupervised"
LOWEST_NOTE = f"{LOWEST_MARK} lowest loss of the method's seeds on the data set; no labels used"

_Lowest = Mapping[tuple[str, str], tuple[int, float]]
"""File and data set -> the seed with the lowest loss of its last phase, and that loss."""


def summary(outcomes: Sequence[Outcome], width: int | None = None) -> str:
    """Return a row per data set of every run, means over seeds, notes and causes of failures.

    Args:
        outcomes: of the runs.
        width: of the terminal, which decides about the layout of tables; None for any.
    """
    scores = shown_headings(_evaluations(outcomes))
    names = _distinct_names(outcomes)
    lowest = _lowest_losses(outcomes)
    rows = [row for o in outcomes for row in _rows(o, scores, names[o.source], lowest)]
    header = ["method", "data set", "seed", "status", _SIZE, *scores.values(), "time", "warnings"]
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    parts = [_laid_out(header, rows, width)]
    if means := [_means_row(seeds, scores, names[seeds.source]) for seeds in _over_seeds(outcomes)]:
        header = ["method", "data set", "seeds", *scores.values()]
        parts.append(_laid_out(header, means, width, n_names=3))
    if marked := _notes(outcomes, names):
        parts.append("\n".join(wrapped(n, width) if width else indented(n) for n in marked))
    parts += [_cause(outcome, names[outcome.source]) for outcome in outcomes if outcome.error]
    return "\n\n".join(parts)


def _laid_out(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, n_names: int = 1
) -> str:
    """Return a table; in a narrow terminal, names have their own lines, and sizes may be absent.

    Args:
        header: of the columns.
        rows: of cells.
        width: of the terminal; None for any.
        n_names: the number of columns that are names.
    """
    text = laid_out(header, rows, width, n_names)
    if width is None or _SIZE not in header or fits(text.split("\n"), width):
        return text
    place = header.index(_SIZE)
    lines = [[*row[:place], *row[place + 1 :]] for row in (header, *rows)]
    return "\n".join(names_apart(lines[0], lines[1:], width))


def content(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the content of `summary.json`: every run, and means over the available seeds."""
    scores, lowest = headings(_evaluations(outcomes)), _lowest_losses(outcomes)
    return {
        "counts": Counter(outcome.status for outcome in outcomes),
        "runs": [asdict(outcome) for outcome in outcomes],
        "means": [
            {
                "source": seeds.source,
                "method": seeds.method,
                "dataset": seeds.dataset,
                **({"reclustering": seeds.reclustering} if seeds.reclustering else {}),
                "seeds": sorted(seeds.evaluations),
                "asked": seeds.asked,
                "scores": {key: _mean_and_deviation(seeds.of(key)) for key in scores},
                "seed_with_lowest_loss": lowest.get((seeds.source, seeds.dataset), [None])[0],
            }
            for seeds in _over_seeds(outcomes)
        ],
    }


def same_names(methods: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the names that several files share, each with its files.

    Args:
        methods: pairs of name and file.
    """
    files: dict[str, dict[str, None]] = {}
    for name, file in methods:
        files.setdefault(name, {})[file] = None
    return {name: list(own) for name, own in files.items() if len(own) > 1}


def _distinct_names(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Return the name of each file's method, followed by the file if others have that name."""
    names = {outcome.source: outcome.method for outcome in outcomes}
    for method, sources in same_names((o.method, o.source) for o in outcomes).items():
        # the configuration in a run folder is told apart by the folder
        labels = [Path(s).parent.name if Path(s).name == "config.json" else s for s in sources]
        names.update({s: f"{method} ({label})" for s, label in zip(sources, labels, strict=True)})
    return names


def _notes(outcomes: Sequence[Outcome], names: Mapping[str, str]) -> list[str]:
    """Return the explanations of the marks in the table."""
    notes = [LABEL_NOTE] if any(outcome.label_informed for outcome in outcomes) else []
    notes += [LOWEST_NOTE] if _lowest_losses(outcomes) else []
    overrides = {names[o.source]: o.overrides for o in outcomes if o.overrides}
    groups = dict.fromkeys(overrides.values())
    for flags in groups:
        of = ", ".join(name for name, own in overrides.items() if own == flags)
        subject = f"{of} " if len(groups) > 1 else ""  # the mark alone tells which rows
        notes.append(f"{OVERRIDE_MARK} {subject}with {', '.join(flags)}")
    return notes


def _cause(outcome: Outcome, name: str) -> str:
    seed = "" if outcome.seed is None else f", seed {outcome.seed}"
    return indented(f"{name}{seed}, {outcome.status}: {outcome.error}")


def _evaluations(outcomes: Sequence[Outcome]) -> list[Mapping[str, Any]]:
    records = [record for outcome in outcomes for record in outcome.datasets]
    return [record.evaluation for record in records if record.evaluation]


def _rows(
    outcome: Outcome, scores: Mapping[str, str], name: str, lowest: _Lowest
) -> list[list[str]]:
    """Return the rows of a run; time and the file's warnings are in the last one."""
    name += LABEL_MARK if outcome.label_informed else ""
    name += OVERRIDE_MARK if outcome.overrides else ""
    seed = "-" if outcome.seed is None else str(outcome.seed)
    rows = []
    for record in outcome.datasets:
        size = sample_size(record.evaluation) if record.evaluation else "-"
        cells = [*_cells(record.evaluation, scores), "", _first_of(record.warnings)]
        best = lowest.get((outcome.source, record.dataset))
        mark = f" {LOWEST_MARK}" if best and best[0] == outcome.seed else ""
        rows.append([name, record.dataset, f"{seed}{mark}", "ok", size, *cells])
        for other in record.reclusterings:
            cells = [*_cells(other.evaluation, scores), "", ""]
            size = sample_size(other.evaluation)
            rows.append([f"  {other.name}", f"after {other.phase}", "", "", size, *cells])
    if outcome.status != "ok":
        rows.append([name, "", seed, outcome.status, "-", *["-"] * len(scores), "", ""])
    *_, last = (row for row in rows if row[_STATUS])  # reclusterings have no status
    last[_TIME] = "-" if outcome.seconds is None else duration(outcome.seconds)
    if outcome.warnings:
        of_file = f"{len(outcome.warnings)} in the file"
        last[_WARNINGS] = "; ".join(filter(None, [last[_WARNINGS], of_file]))
    for row in rows:
        if row[_WARNINGS]:
            row[_STATUS] += f" {WARNING_MARK}"
    return rows


def _lowest_losses(outcomes: Sequence[Outcome]) -> _Lowest:
    """Return the run with the lowest loss, of every data set with the losses of two seeds."""
    losses: dict[tuple[str, str], dict[int, float]] = {}
    for outcome in outcomes:
        finished = {record.dataset for record in outcome.datasets}
        for phase in outcome.phases:  # of several phases on a data set, the last one counts
            if phase.loss is not None and phase.dataset in finished and outcome.seed is not None:
                key = outcome.source, phase.dataset
                losses.setdefault(key, {})[outcome.seed] = phase.loss
    return {
        key: min(by_seed.items(), key=lambda item: item[1])
        for key, by_seed in losses.items()
        if len(by_seed) > 1
    }


def _first_of(warnings: Sequence[str]) -> str:
    more = f" and {len(warnings) - 1} more" if len(warnings) > 1 else ""
    return f"{warnings[0]}{more}" if warnings else ""


def _cells(evaluation: Mapping[str, Any] | None, scores: Mapping[str, str]) -> list[str]:
    values = (_score(evaluation, key) for key in scores)
    return ["-" if value is None else f"{value:.3f}" for value in values]


def _score(evaluation: Mapping[str, Any] | None, key: str) -> float | None:
    return None if evaluation is None else scores_of(evaluation).get(key)


@dataclass(frozen=True, slots=True)
class _Seeds:
    """The runs of a method file on one data set.

    reclustering: the name of a reclustering; empty for the method's own assignment.
    asked: number of seeds that were to run.
    evaluations: seed -> the final evaluation of the method, or that of the reclustering.
    """

    source: str
    method: str
    dataset: str
    reclustering: str
    asked: int
    evaluations: Mapping[int, Mapping[str, Any] | None]

    def of(self, key: str) -> list[float]:
        """Return a score of all seeds that have it; a missing score does not count as 0."""
        scores = (_score(evaluation, key) for evaluation in self.evaluations.values())
        return [score for score in scores if score is not None]


def _over_seeds(outcomes: Sequence[Outcome]) -> list[_Seeds]:
    """Return the runs of every data set of a file that ran with several seeds."""
    asked = Counter(source for source, _ in {(o.source, o.seed) for o in outcomes})
    methods: dict[tuple[str, str], dict[tuple[str, str], dict[int, Any]]] = {}
    for outcome in outcomes:
        if asked[outcome.source] > 1 and outcome.seed is not None:
            rows = methods.setdefault((outcome.source, outcome.method), {})
            for record in outcome.datasets:
                rows.setdefault((record.dataset, ""), {})[outcome.seed] = record.evaluation
                for other in record.reclusterings:
                    row = rows.setdefault((record.dataset, other.name), {})
                    row[outcome.seed] = other.evaluation
    return [
        _Seeds(source, method, dataset, reclustering, asked[source], evaluations)
        for (source, method), rows in methods.items()
        for (dataset, reclustering), evaluations in (rows or {("", ""): {}}).items()
    ]


def _means_row(seeds: _Seeds, scores: Mapping[str, str], name: str) -> list[str]:
    number = len(seeds.evaluations)
    spreads = (spread(seeds.of(key), number) for key in scores)
    name = f"  {seeds.reclustering}" if seeds.reclustering else name
    return [name, seeds.dataset, f"{number} of {seeds.asked}", *spreads]


def spread(values: Sequence[float], expected: int) -> str:
    """Return mean and deviation, and the number of values if it is not the expected one."""
    if not values:
        return "-"
    deviation = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    number = f" (n={len(values)})" if len(values) != expected else ""
    return f"{mean(values):.3f}{deviation}{number}"


def _mean_and_deviation(values: Sequence[float]) -> dict[str, float | None]:
    return {
        "n": len(values),
        "mean": mean(values) if values else None,
        "deviation": stdev(values) if len(values) > 1 else None,
    }
