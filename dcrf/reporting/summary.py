"""The table at the end of a batch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev
from typing import Any

from dcrf.errors import indented
from dcrf.reporting.lines import SCORES, duration, sample_size, table
from dcrf.reporting.records import DatasetRecord, PhaseRecord

LABEL_MARK = "*"
LABEL_NOTE = f"{LABEL_MARK} labels decided something in this method: no unsupervised result"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a method ended.

    source: the method's file.
    seed: None where the file is `invalid`.
    status: `ok`; `failed`, `diverged` or `out of memory`; `crashed` where its process died;
        `timed out`; `invalid`; `interrupted`; `not run`.
    error: why it is not ok.
    label_informed: whether labels decided anything; such a result is no unsupervised one.
    datasets: the data sets that were finished, also where a later one failed.
    """

    source: str
    method: str
    seed: int | None
    status: str
    label_informed: bool = False
    datasets: tuple[DatasetRecord, ...] = ()
    phases: tuple[PhaseRecord, ...] = ()
    seconds: float | None = None
    error: str | None = None


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return a row per data set of every run, and means over seeds where there are several."""
    scores = _scores_of(outcomes)
    rows = [row for outcome in outcomes for row in _rows(outcome, scores)]
    header = ["method", "data set", "seed", "status", "n", *scores.values(), "time"]
    parts = [table(header, rows)]
    if over_seeds := [_means_row(seeds, scores) for seeds in _over_seeds(outcomes)]:
        parts.append(table(["method", "data set", "seeds", *scores.values()], over_seeds))
    if any(outcome.label_informed for outcome in outcomes):
        parts.append(LABEL_NOTE)
    parts += [_cause(outcome) for outcome in outcomes if outcome.error]
    return "\n\n".join(parts)


def content(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what `summary.json` holds: every run, and means over seeds of what there is."""
    scores = _scores_of(outcomes)
    return {
        "counts": Counter(outcome.status for outcome in outcomes),
        "runs": [asdict(outcome) for outcome in outcomes],
        "means": [
            {
                "source": seeds.source,
                "method": seeds.method,
                "dataset": seeds.dataset,
                "seeds": sorted(seeds.records),
                "asked": seeds.asked,
                "scores": {key: _mean_and_deviation(seeds.of(key)) for key in scores},
            }
            for seeds in _over_seeds(outcomes)
        ],
    }


def _cause(outcome: Outcome) -> str:
    seed = "" if outcome.seed is None else f", seed {outcome.seed}"
    return indented(f"{outcome.method}{seed}, {outcome.status}: {outcome.error}")


def _scores_of(outcomes: Sequence[Outcome]) -> Mapping[str, str]:
    """Return the scores to show, key -> heading: internal ones only if there are any."""
    records = [record for outcome in outcomes for record in outcome.datasets]
    internal = {k: k for r in records if r.evaluation for k in r.evaluation["internal"]}
    return {**SCORES, **internal}


def _rows(outcome: Outcome, scores: Mapping[str, str]) -> list[list[str]]:
    name = outcome.method + (LABEL_MARK if outcome.label_informed else "")
    seed, time = "-" if outcome.seed is None else str(outcome.seed), "-"
    if outcome.seconds is not None:
        time = duration(outcome.seconds)
    rows = []
    for record in outcome.datasets:
        size = sample_size(record.evaluation) if record.evaluation else "-"
        rows.append([name, record.dataset, seed, "ok", size, *_cells(record, scores), ""])
    if outcome.status != "ok":
        rows.append([name, "", seed, outcome.status, "-", *["-"] * len(scores), ""])
    rows[-1][-1] = time
    return rows


def _cells(record: DatasetRecord, scores: Mapping[str, str]) -> list[str]:
    return ["-" if (value := _score(record, key)) is None else f"{value:.3f}" for key in scores]


def _score(record: DatasetRecord, key: str) -> float | None:
    if record.evaluation is None:
        return None
    return record.evaluation[key] if key in SCORES else record.evaluation["internal"].get(key)


@dataclass(frozen=True, slots=True)
class _Seeds:
    """What the runs of a file have left on a data set.

    asked: how many seeds were to be run.
    records: seed -> what is there.
    """

    source: str
    method: str
    dataset: str
    asked: int
    records: Mapping[int, DatasetRecord]

    def of(self, key: str) -> list[float]:
        """Return a score of all seeds that have it: what is absent is no 0."""
        found = (_score(record, key) for record in self.records.values())
        return [value for value in found if value is not None]


def _over_seeds(outcomes: Sequence[Outcome]) -> list[_Seeds]:
    """Return what there is over seeds, for every data set of a file that ran with several."""
    asked = Counter(source for source, _ in {(o.source, o.seed) for o in outcomes})
    found: dict[tuple[str, str], dict[str, dict[int, DatasetRecord]]] = {}
    for outcome in outcomes:
        if asked[outcome.source] > 1 and outcome.seed is not None:
            datasets = found.setdefault((outcome.source, outcome.method), {})
            for record in outcome.datasets:
                datasets.setdefault(record.dataset, {})[outcome.seed] = record
    return [
        _Seeds(source, method, dataset, asked[source], records)
        for (source, method), datasets in found.items()
        for dataset, records in (datasets or {"": {}}).items()
    ]


def _means_row(seeds: _Seeds, scores: Mapping[str, str]) -> list[str]:
    number = len(seeds.records)
    spreads = (_spread(seeds.of(key), number) for key in scores)
    return [seeds.method, seeds.dataset, f"{number} of {seeds.asked}", *spreads]


def _spread(values: Sequence[float], expected: int) -> str:
    """Return mean and deviation, and their number where it is not the expected one."""
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
