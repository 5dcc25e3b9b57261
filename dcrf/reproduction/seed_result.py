"""The result of a reproduction with one seed, read from its run folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcrf.errors import DataError
from dcrf.report.saved_files import SavedFiles, read_run
from dcrf.reporting.records import DatasetRecord
from dcrf.schema.default_metrics import default_metrics

OWN = ""
"""The key of scores of a method's own assignments, among those of its reclusterings."""
_POINTS = 60
"""Most points of a curve."""
_DIGITS = 5
_COMMIT_DIGITS = 10
_SECONDS = 3600
_DATE = len("2026-01-31")

Curve = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class SeedResult:
    """A finished run.

    scores: `OWN` or the name of a reclustering -> metric -> score on the last data set that has
        scores against labels.
    n_samples: number of samples of these scores.
    iterations: phase -> the iteration in which it ended.
    hours: wall time of training and evaluations, with those before an interruption.
    machine: processor, cores, threads, device and torch.
    date: of the start, as 2026-01-31.
    version: of dcrf, with the commit of a checkout.
    label_informed: whether labels influenced the result.
    curves: phase -> metric -> (iteration, score) of evaluations in training, at most 60.
    """

    seed: int
    scores: Mapping[str, Mapping[str, float]]
    n_samples: int
    iterations: Mapping[str, int]
    hours: float
    machine: str
    date: str
    version: str
    label_informed: bool = False
    curves: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)


def seed_result(folder: Path) -> SeedResult:
    """Return the result in a run folder.

    Raises:
        DataError: the run is not finished, or has no scores against labels.
    """
    run = read_run(folder)
    if run.outcome is None or run.outcome.status != "ok" or run.outcome.seed is None:
        raise DataError(f"{folder} has no result: {run.status}")
    scored = [record for record in run.outcome.datasets if _scores(record.evaluation)]
    if not scored:
        raise DataError(f"{folder} has no scores against labels")
    return SeedResult(
        seed=run.outcome.seed,
        scores=_all_scores(scored[-1]),
        n_samples=(scored[-1].evaluation or {})["n_samples"],
        iterations={record.phase: record.iteration for record in run.outcome.phases},
        hours=round(sum(run.timing.values()) / _SECONDS, 4),
        machine=machine_of(run.environment),
        date=folder.name[:_DATE],
        version=_version(run.environment),
        label_informed=run.outcome.label_informed,
        curves=_curves(run),
    )


def machine_of(environment: Mapping[str, Any]) -> str:
    """Return processor, cores, threads, device and torch in words.

    Args:
        environment: of a run; what it lacks is left out.
    """
    packages = environment.get("packages", {})
    cores, threads = environment.get("processors"), environment.get("threads")
    parts = [
        environment.get("processor"),
        cores and f"{cores} cores",
        threads and f"{threads} thread{'' if threads == 1 else 's'}",
        environment.get("device"),
        packages.get("torch") and f"torch {packages['torch']}",
    ]
    return ", ".join(str(part) for part in parts if part)


def _version(environment: Mapping[str, Any]) -> str:
    release, commit = environment.get("dcrf"), environment.get("commit")
    parts = [release and f"dcrf {release}", commit and f"commit {commit[:_COMMIT_DIGITS]}"]
    return ", ".join(part for part in parts if part)


def _all_scores(record: DatasetRecord) -> dict[str, dict[str, float]]:
    others = {reclustering.name: reclustering.evaluation for reclustering in record.reclusterings}
    return {name: _scores(e) for name, e in {OWN: record.evaluation, **others}.items()}


def _scores(evaluation: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the scores against labels, none if there are no labels."""
    values = {name: (evaluation or {}).get(name) for name in default_metrics("labels")}
    return {name: round(value, _DIGITS) for name, value in values.items() if value is not None}


def _curves(run: SavedFiles) -> dict[str, dict[str, Curve]]:
    return {
        phase: {name: _thinned(points) for name, points in curves.items() if name in wanted}
        for wanted in [default_metrics("labels")]
        for (_, phase), curves in run.curves.scores.items()
    }


def _thinned(points: Curve) -> Curve:
    """Return at most 60 of the points at equal distances, the first and the last among them."""
    step = max(1.0, (len(points) - 1) / (_POINTS - 1))
    places = dict.fromkeys(round(n * step) for n in range(min(_POINTS, len(points))))
    return [(points[place][0], round(points[place][1], _DIGITS)) for place in places]
