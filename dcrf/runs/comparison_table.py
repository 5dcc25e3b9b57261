"""Finished runs beside each other in words: a table of scores without labels, the best ones."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dcrf.errors import DataError
from dcrf.reporting.lines import table
from dcrf.reporting.markup import fits, names_apart
from dcrf.reporting.scores import heading
from dcrf.runs.compare_runs import (
    PRINCIPAL_COMPONENTS,
    ClusteredRun,
    RunScores,
    check_same_data,
    clustered_run,
    rows_in_space,
    scores_of_runs,
)
from dcrf.runs.run_folder import runs_below
from dcrf.schema.registry import METRICS

AGREEMENT, LOSS = "agreement", "loss"
_NOTES = (
    "agreement: mean ARI with the other runs of the same method and number of clusters",
    "loss: of the last phase; compare it between seeds of one method only",
    "no labels were used; docs/selection.md says how well each score orders runs",
)


def compare_in_words(
    paths: Sequence[Path],
    space: str | None,
    dataset: str | None,
    device: str | None = None,
    width: int | None = None,
) -> Iterator[str]:
    """Yield the lines of a comparison, best runs by the first metric first.

    Args:
        paths: run folders, or folders of them.
        space: as for `rows_in_space`; None for principal components.
        dataset: the name of the data set of the runs; None for the last one of each.
        device: a torch device name for the features of a reference run.
        width: of the terminal; None for any.

    Raises:
        ConfigError: the configuration of a run is invalid.
        DataError: the runs cannot be compared.
    """
    runs = []
    for folder in runs_below(paths):
        run = clustered_run(folder, dataset)
        if run is None:
            yield f"{folder} is left out: it has not finished, or has no clusters"
        else:
            runs.append(run)
    if not runs:
        raise DataError("no run has finished with clusters, so there is nothing to compare")
    check_same_data(runs)
    rows = rows_in_space(runs[0], space or PRINCIPAL_COMPONENTS, device)
    part = f", {len(rows.rows):,} random ones scored" if len(rows.rows) < rows.n_samples else ""
    yield f"{rows.n_samples:,} samples{part}; space: {rows.space}"
    scores = scores_of_runs(runs, rows)
    first = next(iter(scores[0].in_space))
    yield f"\n{_table(sorted(scores, key=lambda each: _place(each, first)), width)}\n"
    yield from _best(scores)
    yield from ("", *_NOTES)
    yield from _note_on_numbers(runs)


def is_larger_better(score: str) -> bool:
    """Whether a larger value of a metric, `AGREEMENT` or `LOSS` is better."""
    if score in METRICS.schemas:
        return bool(METRICS.schemas[score]["x-better"] == "larger")
    return score == AGREEMENT


def _values(scores: RunScores) -> dict[str, float | None]:
    return {**scores.in_space, AGREEMENT: scores.agreement, LOSS: scores.run.loss}


def _place(scores: RunScores, name: str) -> float:
    """Return a number that rises from the best run by a score to those that have none."""
    value = _values(scores)[name]
    if value is None:
        return float("inf")
    return -value if is_larger_better(name) else value


def _table(scores: Sequence[RunScores], width: int | None) -> str:
    """Return a row for each run, in a narrow terminal below a line with its name and folder."""
    names = [*_values(scores[0])]
    rows = [
        [
            *(each.run.config.name, str(each.run.seed), str(each.run.n_clusters)),
            *("-" if value is None else f"{value:.4g}" for value in _values(each).values()),
        ]
        for each in scores
    ]
    header = ["method", "seed", "k", *map(heading, names)]
    folders = [str(each.run.folder) for each in scores]
    whole = table([*header, "run"], [[*r, f] for r, f in zip(rows, folders, strict=True)])
    if width is None or fits(whole.split("\n"), width):
        return whole
    apart = [
        [f"{method}, seed {seed}: {folder}", *cells]
        for folder, (method, seed, *cells) in zip(folders, rows, strict=True)
    ]
    return "\n".join(names_apart(["run", *header[2:]], apart, width))


def _best(scores: Sequence[RunScores]) -> Iterator[str]:
    """Yield the best run by each score; by the loss, that of each method with several seeds."""
    for name in _values(scores[0]):
        known = [each for each in scores if _values(each)[name] is not None]
        if known and name != LOSS:
            best = min(known, key=lambda each: _place(each, name))
            direction = "larger" if is_larger_better(name) else "smaller"
            yield f"best by {heading(name)}, {direction} is better: {best.run.folder}"
    for method in dict.fromkeys(each.run.config.name for each in scores):
        seeds = [each for each in scores if each.run.config.name == method]
        seeds = [each for each in seeds if each.run.loss is not None]
        if len(seeds) > 1:
            best = min(seeds, key=lambda each: _place(each, LOSS))
            yield f"lowest loss of {method}: {best.run.folder}"


def _note_on_numbers(runs: Sequence[ClusteredRun]) -> Iterator[str]:
    numbers = sorted({run.n_clusters for run in runs})
    if len(numbers) > 1:
        listed = ", ".join(map(str, numbers))
        yield (
            f"the runs have {listed} clusters: compare different numbers with care, since each "
            "score prefers few or many clusters by itself"
        )
