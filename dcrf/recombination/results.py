"""The scores of the runs of combinations."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from dcrf.errors import DataError, DcrfError, counted
from dcrf.recombination.candidates import Candidate
from dcrf.reporting.comparison import METRICS
from dcrf.reporting.records import Outcome
from dcrf.reporting.scores import scores_of
from dcrf.runs.compare_runs import (
    PRINCIPAL_COMPONENTS,
    check_same_data,
    clustered_run,
    rows_in_space,
    scores_of_runs,
)
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import TIMING, runs_below
from dcrf.storage.atomic_files import read_json

Pair = tuple[str, int]
"""A data set and a seed, which pair the scores of two methods."""


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """The finished runs of a combination.

    scores: metric against labels -> data set and seed -> its value; empty without labels.
    unlabeled: score without labels -> its mean over the runs, on the last data set; as in
        `dcrf select`.
    seconds: the mean wall time of a run; None without any.
    finished, unfinished: the numbers of seeds with a run that has ended with `ok`, and without.
    """

    candidate: Candidate
    scores: Mapping[str, Mapping[Pair, float]]
    unlabeled: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    unfinished: int = 0
    finished: int = 0

    def mean(self, metric: str) -> float | None:
        """Return the mean of a metric over seeds, of each over data sets; None without any."""
        values = self._of_seeds(metric)
        return mean(values) if values else None

    def deviation(self, metric: str) -> float | None:
        """Return the standard deviation (n - 1) over seeds; None below two of them."""
        values = self._of_seeds(metric)
        return stdev(values) if len(values) > 1 else None

    def _of_seeds(self, metric: str) -> list[float]:
        by_seed: dict[int, list[float]] = {}
        for (_, seed), value in self.scores.get(metric, {}).items():
            by_seed.setdefault(seed, []).append(value)
        return [mean(values) for values in by_seed.values()]


def results_of(
    candidates: Sequence[Candidate], seeds: Sequence[int], folder: Path
) -> tuple[list[CandidateResult], list[str]]:
    """Read the results of combinations from the runs in a folder.

    Returns:
        A result for each combination, and why there are no scores without labels.
    """
    runs = finished_runs(folder)
    finished = {
        each.name: {s: run for s in seeds if (run := runs.get((each.name, s)))}
        for each in candidates
    }
    unlabeled, notes = _unlabeled_scores([r for own in finished.values() for r in own.values()])
    results = [
        _result(candidate, finished[candidate.name], unlabeled, len(seeds))
        for candidate in candidates
    ]
    return results, notes


class FinishedRun(NamedTuple):
    """A run folder whose run has ended with `ok`."""

    folder: Path
    outcome: Outcome


def finished_runs(folder: Path) -> dict[tuple[str, int], FinishedRun]:
    """Return method and seed -> the newest run in a folder that has ended with `ok`."""
    try:
        folders = runs_below([folder])
    except DataError:  # no folder, or none with runs
        return {}
    runs = [FinishedRun(f, outcome) for f in folders if (outcome := finished_outcome(f, f))]
    return {(run.outcome.method, run.outcome.seed or 0): run for run in runs}


def seconds_of_runs(folder: Path) -> tuple[int, float]:
    """Return the number of all runs of a search that have ended with `ok`, and their wall time."""
    seconds = []
    for runs in (folder / "runs", folder / "starts" / "runs"):
        finished = finished_runs(runs).values()
        seconds += [s for run in finished if (s := _seconds(run.folder)) is not None]
    return len(seconds), sum(seconds)


def _result(
    candidate: Candidate,
    runs: Mapping[int, FinishedRun],
    unlabeled: Mapping[Path, Mapping[str, float]],
    n_seeds: int,
) -> CandidateResult:
    scores: dict[str, dict[Pair, float]] = {}
    for seed, run in runs.items():
        for record in run.outcome.datasets:
            values = scores_of(record.evaluation) if record.evaluation else {}
            for metric in METRICS:
                if (value := values.get(metric)) is not None:
                    scores.setdefault(metric, {})[record.dataset, seed] = value
    own = [unlabeled[run.folder] for run in runs.values() if run.folder in unlabeled]
    names = dict.fromkeys(name for values in own for name in values)
    seconds = [s for run in runs.values() if (s := _seconds(run.folder)) is not None]
    return CandidateResult(
        candidate,
        scores,
        {name: mean(values[name] for values in own if name in values) for name in names},
        mean(seconds) if seconds else None,
        n_seeds - len(runs),
        len(runs),
    )


def _unlabeled_scores(
    runs: Sequence[FinishedRun],
) -> tuple[dict[Path, dict[str, float]], list[str]]:
    """Return run folder -> its scores in the space of principal components, and its agreement.

    A run whose clusters cannot be read has none; notes name it.
    """
    clustered, failures = [], []
    for run in runs:
        try:
            if (own := clustered_run(run.folder, None)) is not None:
                clustered.append(own)
        except DcrfError as error:
            failures.append(f"{error}")
    notes = []
    if failures:
        number = counted(len(failures), "run")
        notes.append(f"no scores without labels for {number}, such as: {failures[0]}")
    if not clustered:
        return {}, notes
    try:
        check_same_data(clustered)
        rows = rows_in_space(clustered[0], PRINCIPAL_COMPONENTS)
    except DcrfError as error:
        return {}, [*notes, f"no scores without labels: {error}"]
    scores = {}
    for each in scores_of_runs(clustered, rows):
        values = {**each.in_space, "agreement": each.agreement}
        scores[each.run.folder] = {n: v for n, v in values.items() if v is not None}
    return scores, notes


def _seconds(folder: Path) -> float | None:
    with suppress(OSError, ValueError):
        content = read_json(folder / TIMING)
        if isinstance(content, dict):
            return float(sum(content.values()))
    return None
