"""The scores of the runs of combinations."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

from dcrf.errors import DataError
from dcrf.recombination.candidates import Candidate
from dcrf.reporting.comparison import METRICS
from dcrf.reporting.scores import scores_of
from dcrf.runs.compare_runs import (
    PRINCIPAL_COMPONENTS,
    check_same_data,
    clustered_run,
    rows_in_space,
    scores_of_runs,
)
from dcrf.runs.run_folder import TIMING
from dcrf.runs.saved_scores import SavedRun, saved_runs
from dcrf.storage.atomic_files import read_json

Pair = tuple[str, int]
"""A data set and a seed, which pair the scores of two methods."""


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """The finished runs of a combination.

    scores: metric against labels -> data set and seed -> its value; empty without labels.
    unlabeled: score without labels -> its mean over the runs; as in `dcrf select`.
    seconds: the mean wall time of a run; None without any.
    unfinished: the number of seeds without a run that has ended with `ok`.
    """

    candidate: Candidate
    scores: Mapping[str, Mapping[Pair, float]]
    unlabeled: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    unfinished: int = 0

    def mean(self, metric: str) -> float | None:
        """Return the mean of a metric over data sets and seeds; None without any."""
        values = [*self.scores.get(metric, {}).values()]
        return mean(values) if values else None

    def deviation(self, metric: str) -> float | None:
        """Return the standard deviation (n - 1) of a metric; None below two values."""
        values = [*self.scores.get(metric, {}).values()]
        return stdev(values) if len(values) > 1 else None


def results_of(
    candidates: Sequence[Candidate], seeds: Sequence[int], folder: Path
) -> tuple[list[CandidateResult], list[str]]:
    """Read the results of combinations from the runs in a folder.

    Returns:
        A result for each combination, and why there are no scores without labels.
    """
    names = {candidate.name for candidate in candidates}
    finished: dict[str, dict[int, SavedRun]] = {name: {} for name in names}
    for run in saved_runs([folder]):
        if run.method in names and run.outcome is not None and run.outcome.seed in seeds:
            finished[run.method][run.outcome.seed or 0] = run  # the newest one counts
    unlabeled, notes = _unlabeled_scores([r for own in finished.values() for r in own.values()])
    results = [
        _result(candidate, finished[candidate.name], unlabeled, len(seeds))
        for candidate in candidates
    ]
    return results, notes


def _result(
    candidate: Candidate,
    runs: Mapping[int, SavedRun],
    unlabeled: Mapping[Path, Mapping[str, float]],
    n_seeds: int,
) -> CandidateResult:
    scores: dict[str, dict[Pair, float]] = {}
    for seed, run in runs.items():
        for record in run.outcome.datasets if run.outcome else ():
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
    )


def _unlabeled_scores(
    runs: Sequence[SavedRun],
) -> tuple[dict[Path, dict[str, float]], list[str]]:
    """Return run folder -> its scores in the space of principal components, and its agreement."""
    try:
        clustered = [c for run in runs if (c := clustered_run(run.folder, None)) is not None]
        if not clustered:
            return {}, []
        check_same_data(clustered)
        rows = rows_in_space(clustered[0], PRINCIPAL_COMPONENTS)
    except DataError as error:
        return {}, [f"no scores without labels: {error}"]
    scores = {}
    for each in scores_of_runs(clustered, rows):
        values = {**each.in_space, "agreement": each.agreement}
        scores[each.run.folder] = {n: v for n, v in values.items() if v is not None}
    return scores, []


def _seconds(folder: Path) -> float | None:
    with suppress(OSError, ValueError):
        content = read_json(folder / TIMING)
        if isinstance(content, dict):
            return float(sum(content.values()))
    return None
