"""What several runs have in common, and what differs between them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from dcrf.pictures.drawings import COLORS
from dcrf.pictures.line_chart import line_chart
from dcrf.report.head import score_text
from dcrf.report.html import figure, grid, items, joined, paragraph, section, shown, table
from dcrf.report.html import heading as subheading
from dcrf.report.marks import legend as marks_legend
from dcrf.report.saved_files import SavedFiles
from dcrf.report.settings import settings_section
from dcrf.reporting.comparison import METRICS, Comparison, compare, notes
from dcrf.reporting.comparison_tables import BEST_MARK, legend, score_cells
from dcrf.reporting.scores import heading, scores_of
from dcrf.runs.saved_scores import SavedRun, methods_of


def overview(saved: Sequence[SavedRun], runs: Sequence[SavedFiles], n_linked: int) -> Markup:
    """Return the comparison of methods, the differences of their settings and a list of runs.

    Args:
        saved: the runs, as `dcrf table` reads them.
        runs: the same ones.
        n_linked: of the first runs the page has sections, with the ids `run-0`, `run-1` and so on.
    """
    methods, remarks = methods_of(saved)
    comparison = compare(methods, common_seeds=True)
    sentences = [*notes(methods, comparison), *remarks]
    return joined(
        [
            section("Scores", *_tables(comparison), items(sentences, "soft")),
            section("Runs", _list(runs, n_linked)),
            section("Scores over iterations", *_curves(saved, runs)),
            settings_section(_configurations(saved, runs)),
        ]
    )


def _tables(comparison: Comparison) -> Iterator[Markup]:
    """Yield a table for each data set, and what its numbers mean."""
    for dataset in comparison.datasets:
        rows = [
            [method, *map(_bold, score_cells(comparison, method, dataset, _marked))]
            for method in comparison.methods
            if any((method, dataset, metric) in comparison.values for metric in METRICS)
        ]
        if rows:
            yield table([dataset, *map(heading, METRICS)], rows)
    best = "; the best mean of each data set is bold" if comparison.best else ""
    yield paragraph(f"{legend(comparison)}{best}", "soft")


def _curves(saved: Sequence[SavedRun], runs: Sequence[SavedFiles]) -> Iterator[Markup]:
    """Yield the charts of each data set and phase: a curve for each run, a color for each method.

    Runs are one method if name and settings are the same. Phases of a single run are left out.
    """
    names = dict(zip(_groups(saved), _numbered(_groups(saved)), strict=True))
    marks = {name: number for number, name in enumerate(names.values())}
    own = [marks[names[run.method, run.settings]] for run in saved]
    has_charts = False
    for place in dict.fromkeys(place for run in runs for place in run.curves.scores):
        charts = []
        for metric in METRICS:
            curves, colors = {}, []
            for number, run in enumerate(runs):
                if points := run.curves.scores.get(place, {}).get(metric):
                    curves[f"run {number + 1}, {run.method}, seed {run.seed}:"] = points
                    colors.append(COLORS[own[number] % len(COLORS)])
            if len(curves) > 1:
                drawing = line_chart(curves, colors=colors)
                charts.append(figure(Markup(drawing), heading(metric)))
        if charts:
            dataset, phase = place
            yield joined([subheading(f"{phase} on {dataset}"), grid(charts)])
            has_charts = True
    if has_charts:
        yield marks_legend(marks)


def _groups(saved: Sequence[SavedRun]) -> list[tuple[str, str]]:
    """Return the different pairs of name and settings."""
    return list(dict.fromkeys((run.method, run.settings) for run in saved))


def _configurations(
    saved: Sequence[SavedRun], runs: Sequence[SavedFiles]
) -> dict[str, Mapping[str, Any]]:
    """Return name of a method -> the configuration of its runs."""
    by_settings = {run.settings: files.config for run, files in zip(saved, runs, strict=True)}
    groups = _groups(saved)
    names = _numbered(groups)
    return {name: by_settings[own] for name, (_, own) in zip(names, groups, strict=True)}


def _numbered(groups: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the names of methods; those with other settings than an earlier one have a number."""
    seen: dict[str, int] = {}
    for name, _ in groups:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


def _marked(cell: str) -> str:
    return f"{BEST_MARK}{cell}"


def _bold(cell: str) -> Markup:
    is_best = cell.startswith(BEST_MARK)
    text = shown(cell.removeprefix(BEST_MARK))
    return Markup("<b>{}</b>").format(text) if is_best else text


def _list(runs: Sequence[SavedFiles], n_linked: int) -> Markup:
    """Return a row for each data set of each run, with a link to its section."""
    rows = []
    for place, run in enumerate(runs):
        name = shown(f"{run.folder.parent.name}/{run.folder.name}")
        if place < n_linked:
            name = Markup('<a href="#run-{}">{}</a>').format(place, name)
        start = [name, run.seed, run.status]
        records = run.outcome.datasets if run.outcome else ()
        for record in records:
            scores = scores_of(record.evaluation) if record.evaluation else {}
            rows.append([*start, record.dataset, *(score_text(scores, n) for n in METRICS)])
        if not records:
            rows.append([*start, "", *("-" for _ in METRICS)])
    header = ["run", "seed", "status", "data set", *map(heading, METRICS)]
    left_out = len(runs) - n_linked
    note = f"The last {left_out} runs have no section on this page." if left_out else ""
    return joined([table(header, rows, n_texts=4), paragraph(note, "soft") if note else ""])
