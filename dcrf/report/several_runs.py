"""What several runs have in common, and what differs between them."""

import json
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
from dcrf.reporting.comparison import METRICS, Comparison, MethodRuns, compare, notes
from dcrf.reporting.comparison_tables import BEST_MARK, legend, score_cells
from dcrf.reporting.scores import heading, scores_of
from dcrf.runs.saved_scores import NO_SETTINGS, SavedRun, methods_of

_ROWS = 100  # of differences
_CHARACTERS = 80  # of a value
_ABSENT = "-"


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
            section("Settings that differ", _differences(methods, saved, runs)),
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


def _differences(
    methods: Sequence[MethodRuns], saved: Sequence[SavedRun], runs: Sequence[SavedFiles]
) -> Markup:
    """Return the settings in which methods differ, a column for each."""
    configs = {run.settings: files.config for run, files in zip(saved, runs, strict=True)}
    groups = _groups(saved)
    names = [method.name for method in methods]
    rows = list(differing([configs[settings] for _, settings in groups]))
    if not rows:
        return paragraph("All runs have the same settings, apart from seed and device.")
    more = f"{len(rows) - _ROWS} more settings differ." if len(rows) > _ROWS else ""
    return joined(
        [
            table(["setting", *names], rows[:_ROWS], n_texts=len(names) + 1, kind="settings"),
            paragraph(more, "soft") if more else "",
        ]
    )


def differing(configs: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Yield a row for each setting whose values differ: its path, and all values, `-` without one.

    Entries of lists are called by their names. A setting that some configurations lack is one row.
    Keys that change no result are left out.
    """
    for key in dict.fromkeys(key for config in configs for key in config):
        if key not in NO_SETTINGS:
            yield from _differing(key, [config.get(key, _ABSENT) for config in configs])


def _differing(path: str, values: Sequence[Any]) -> Iterator[list[str]]:
    if all(value == values[0] for value in values):
        return
    entries = [value if isinstance(value, dict) else _by_name(value) for value in values]
    if not all(entries):
        yield [path, *map(_short, values)]
        return
    is_list = isinstance(values[0], list)
    for name in dict.fromkeys(name for own in entries for name in own):
        inner = f"{path}[{name}]" if is_list else f"{path}.{name}"
        yield from _differing(inner, [own.get(name, _ABSENT) for own in entries])


def _by_name(value: Any) -> dict[str, Any]:
    """Return the entries of a list by their names; nothing if it is anything else."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return {}
    entries = {entry.get("name"): entry for entry in value}
    return entries if len(entries) == len(value) and None not in entries else {}


def _short(value: Any) -> str:
    text = _ABSENT if value == _ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]} ..."


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
