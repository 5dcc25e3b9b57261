"""The table at the end of a batch."""

from collections import Counter
from collections.abc import Sequence
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
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    header = ["method", "data set", "seed", "status", "n", *SCORES.values(), "time"]
    over_seeds = _over_seeds(outcomes)
    parts = [table(header, rows)]
    if over_seeds:
        parts.append(table(["method", "data set", "seeds", *SCORES.values()], over_seeds))
    if any(outcome.label_informed for outcome in outcomes):
        parts.append(LABEL_NOTE)
    parts += [f"{o.method}, seed {o.seed}, failed: {o.error}" for o in outcomes if o.error]
    return "\n\n".join(parts)


def _rows(outcome: Outcome) -> list[list[str]]:
    name = outcome.method + (LABEL_MARK if outcome.label_informed else "")
    seed, time = str(outcome.seed), "-"
    if outcome.seconds is not None:
        time = duration(outcome.seconds)
    rows = []
    for record in outcome.datasets:
        size = str(record.evaluation["n_samples"]) if record.evaluation else "-"
        rows.append([name, record.dataset, seed, "ok", size, *_cells(record), ""])
    if outcome.status != "ok":
        rows.append([name, "", seed, outcome.status, "-", "-", "-", "-", ""])
    rows[-1][-1] = time
    return rows


def _cells(record: DatasetRecord) -> list[str]:
    return ["-" if (value := _score(record, key)) is None else f"{value:.3f}" for key in SCORES]


def _score(record: DatasetRecord, key: str) -> float | None:
    return record.evaluation[key] if record.evaluation else None


def _over_seeds(outcomes: Sequence[Outcome]) -> list[list[str]]:
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
        [method, dataset, str(len(seeds)), *(_spread(list(seeds.values()), k) for k in SCORES)]
        for (_, method, dataset), seeds in found.items()
    ]


def _spread(records: Sequence[DatasetRecord], key: str) -> str:
    values = [value for record in records if (value := _score(record, key)) is not None]
    if not values:
        return "-"
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")
