"""What a run is and how it ended."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from dcrf.errors import describe
from dcrf.report.html import details, facts, items, joined, linked, paragraph, section, shown, table
from dcrf.report.saved_files import SavedFiles
from dcrf.reporting.lines import duration, sample_size
from dcrf.reporting.records import DatasetRecord
from dcrf.reporting.scores import headings, scores_of
from dcrf.runs.one_run import PICTURES

_DIGITS = 10  # of a commit


def pictures_section(run: SavedFiles, beside: Path) -> Markup:
    """Return a link to the pictures of clustering problems that a run has written, if any.

    Args:
        run: finished or not.
        beside: the folder of the page.
    """
    index = run.folder / PICTURES / "index.html"
    if not index.is_file():
        return Markup("")
    address = quote(os.path.relpath(index, beside))
    link = Markup('<a href="{}">{}</a>').format(address, shown(index))
    return section(
        "Clustering problems", paragraph(Markup("Their pictures are in {}.").format(link))
    )


def scores_section(run: SavedFiles) -> Markup:
    """Return status, scores, warnings and missing files of a run."""
    outcome = run.outcome
    state = {"seed": run.seed, "status": run.status}
    if run.timing:
        state["time"] = duration(sum(run.timing.values()))
    release, commit = (run.environment.get(key) for key in ("dcrf", "commit"))
    origin = [release, f"commit {str(commit)[:_DIGITS]}" if commit else None]
    if any(origin):
        state["dcrf"] = ", ".join(str(part) for part in origin if part)
    if outcome is not None:
        state["labels"] = (
            "influenced this result, so it is not unsupervised"
            if outcome.label_informed
            else "did not influence this result"
        )
        if outcome.overrides:
            state["changed by"] = ", ".join(outcome.overrides)
        if outcome.error:
            state["cause"] = outcome.error
    ends = [
        f"{phase.phase} on {phase.dataset} ended at iteration {phase.iteration:,} "
        f"in epoch {phase.epoch:,}: {phase.reason}"
        for phase in (outcome.phases if outcome else ())
    ]
    return section(
        "Result",
        items(run.problems, "warning"),
        facts(state),
        scores_table(outcome.datasets if outcome else ()),
        items(warnings_of(run), "warning"),
        items(ends),
    )


def scores_table(records: tuple[DatasetRecord, ...]) -> Markup:
    """Return the final scores on each data set, and those of reclusterings."""
    results = [
        (name, evaluation)
        for record in records
        for name, evaluation in [
            (record.dataset, record.evaluation),
            *((f"{record.dataset}, {r.name}", r.evaluation) for r in record.reclusterings),
        ]
        if evaluation is not None
    ]
    absent = [f"{r.dataset}: not evaluated, {r.absent}" for r in records if r.evaluation is None]
    names = headings([evaluation for _, evaluation in results])
    names = {
        name: title
        for name, title in names.items()
        if any(scores_of(e).get(name) is not None for _, e in results)
    }
    rows = [
        [name, sample_size(evaluation), *(score_text(scores_of(evaluation), n) for n in names)]
        for name, evaluation in results
    ]
    scores = table(["data set", "n", *names.values()], rows, kind="scores") if rows else Markup("")
    return joined([scores, items(absent)])


def score_text(scores: Mapping[str, float | None], name: str) -> str:
    """Return a score with three digits, `-` without one."""
    score = scores.get(name)
    return "-" if score is None else f"{score:.3f}"


def warnings_of(run: SavedFiles) -> list[str]:
    """Return the warnings about the file and about collapse, and the origins of features."""
    outcome = run.outcome
    if outcome is None:
        return []
    return [
        *(describe(run.folder / "config.json", warning) for warning in outcome.warnings),
        *(f"{p.phase} on {p.dataset}: {text}" for p in outcome.phases for text in p.warnings),
        *(f"{record.dataset}: {text}" for record in outcome.datasets for text in record.warnings),
        *(str(o.get("note")) for record in outcome.datasets for o in record.provenance),
    ]


def time_and_machine_section(run: SavedFiles) -> Markup:
    """Return the seconds of each part of the run, and its environment."""
    total = sum(run.timing.values()) or 1.0
    rows = [
        [name, duration(seconds), Markup('<meter value="{:.4f}"></meter>').format(seconds / total)]
        for name, seconds in run.timing.items()
    ]
    parts = [table(["part", "time", "share"], rows)] if rows else []
    if run.environment:
        parts.append(details("Environment", facts(dict(_flat(run.environment)))))
    return section("Time and machine", *parts)


def _flat(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((str(inner), str(v)) for inner, v in value.items())
        else:
            yield name, str(value)


def description(run: SavedFiles) -> Markup:
    """Return the description of the method and its references, as links if they are addresses."""
    references = run.config.get("references", ())
    links = [linked(str(text)) for text in (references if isinstance(references, list) else ())]
    text = run.config.get("description")
    return joined([paragraph(str(text), "lead") if text else Markup(""), items(links, "sources")])
