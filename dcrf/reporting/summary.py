"""The table at the end of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from dcrf.reporting.lines import SCORES, duration, table
from dcrf.reporting.records import DatasetRecord, Report

LABEL_MARK = "*"
LABEL_NOTE = f"{LABEL_MARK} labels decided something in this method: no unsupervised result"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a method ended.

    status: `ok`, `failed` or `not run`; report is None unless it is ok.
    label_informed: whether labels decided anything; such a result is no unsupervised one.
    """

    method: str
    seed: int
    status: str
    label_informed: bool = False
    report: Report | None = None
    seconds: float | None = None
    error: str | None = None


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return a row per data set of every run, and means over seeds where there are several."""
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    header = ["method", "data set", "seed", "status", "n", *SCORES.values(), "time"]
    parts = [table(header, rows)]
    if len({outcome.seed for outcome in outcomes}) > 1:
        parts.append(_over_seeds(outcomes))
    if any(outcome.label_informed for outcome in outcomes):
        parts.append(LABEL_NOTE)
    return "\n\n".join(parts)


def _rows(outcome: Outcome) -> list[list[str]]:
    name = outcome.method + (LABEL_MARK if outcome.label_informed else "")
    time = "-" if outcome.seconds is None else duration(outcome.seconds)
    start = [name, "", str(outcome.seed), outcome.status]
    if outcome.report is None:
        return [[*start, "-", "-", "-", "-", time]]
    rows = []
    for record in outcome.report.datasets:
        size = str(record.evaluation["n_samples"]) if record.evaluation else "-"
        rows.append([name, record.dataset, *start[2:], size, *_cells(record), ""])
    rows[-1][-1] = time
    return rows


def _cells(record: DatasetRecord) -> list[str]:
    return ["-" if (value := _score(record, key)) is None else f"{value:.3f}" for key in SCORES]


def _score(record: DatasetRecord, key: str) -> float | None:
    return record.evaluation[key] if record.evaluation else None


def _over_seeds(outcomes: Sequence[Outcome]) -> str:
    """Return mean and standard deviation of every method and data set over its seeds."""
    found: dict[tuple[str, str], list[DatasetRecord]] = {}
    for outcome in outcomes:
        for record in outcome.report.datasets if outcome.report else ():
            found.setdefault((outcome.method, record.dataset), []).append(record)
    rows = [
        [*place, str(len(records)), *(_spread(records, key) for key in SCORES)]
        for place, records in found.items()
    ]
    return table(["method", "data set", "seeds", *SCORES.values()], rows)


def _spread(records: Sequence[DatasetRecord], key: str) -> str:
    values = [value for record in records if (value := _score(record, key)) is not None]
    if not values:
        return "-"
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")
