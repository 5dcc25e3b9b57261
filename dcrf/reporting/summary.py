"""The table at the end of a batch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from dcrf.reporting.lines import SCORES, duration, table
from dcrf.reporting.records import DatasetRecord, PhaseRecord

LABEL_MARK = "*"
LABEL_NOTE = f"{LABEL_MARK} labels decided something in this method: no unsupervised result"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a method ended.

    source: the method's file.
    status: `ok`, `failed`, `interrupted` or `not run`.
    error: why it failed.
    label_informed: whether labels decided anything; such a result is no unsupervised one.
    datasets: the data sets that were finished, also where a later one failed.
    """

    source: str
    method: str
    seed: int
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
    over_seeds = _over_seeds(outcomes, scores)
    parts = [table(header, rows)]
    if over_seeds:
        parts.append(table(["method", "data set", "seeds", *scores.values()], over_seeds))
    if any(outcome.label_informed for outcome in outcomes):
        parts.append(LABEL_NOTE)
    parts += [f"{o.method}, seed {o.seed}, failed: {o.error}" for o in outcomes if o.error]
    return "\n\n".join(parts)


def _scores_of(outcomes: Sequence[Outcome]) -> Mapping[str, str]:
    """Return the scores to show, key -> heading: internal ones only if there are any."""
    records = [record for outcome in outcomes for record in outcome.datasets]
    internal = {k: k for r in records if r.evaluation for k in r.evaluation["internal"]}
    return {**SCORES, **internal}


def _rows(outcome: Outcome, scores: Mapping[str, str]) -> list[list[str]]:
    name = outcome.method + (LABEL_MARK if outcome.label_informed else "")
    seed, time = str(outcome.seed), "-"
    if outcome.seconds is not None:
        time = duration(outcome.seconds)
    rows = []
    for record in outcome.datasets:
        size = str(record.evaluation["n_samples"]) if record.evaluation else "-"
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


def _over_seeds(outcomes: Sequence[Outcome], scores: Mapping[str, str]) -> list[list[str]]:
    """Return mean and deviation over seeds, of every data set of a file that ran with several."""
    asked = {(outcome.source, outcome.seed) for outcome in outcomes}
    several = {source for source, n in Counter(source for source, _ in asked).items() if n > 1}
    found: dict[tuple[str, str, str], dict[int, DatasetRecord]] = {}
    for outcome in outcomes:
        if outcome.status == "ok" and outcome.source in several:
            for record in outcome.datasets:
                place = (outcome.source, outcome.method, record.dataset)
                found.setdefault(place, {})[outcome.seed] = record
    return [
        [method, dataset, str(len(seeds)), *(_spread(list(seeds.values()), k) for k in scores)]
        for (_, method, dataset), seeds in found.items()
    ]


def _spread(records: Sequence[DatasetRecord], key: str) -> str:
    values = [value for record in records if (value := _score(record, key)) is not None]
    if not values:
        return "-"
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")
