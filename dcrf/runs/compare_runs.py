"""Compare finished runs without labels: scores in a common space, agreement and loss."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from dcrf.config import load_checked
from dcrf.config.file_names import clean_name
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.errors import DataError
from dcrf.evaluation.metrics.base import NOISE, FeatureMetric, Labels
from dcrf.reporting.records import Outcome
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import CONFIGURATION
from dcrf.runs.sampled_rows import (
    SampledRows,
    feature_rows,
    in_principal_components,
    input_rows,
)
from dcrf.runs.trained_run import data_set_called
from dcrf.schema.default_metrics import default_metrics
from dcrf.schema.registry import METRICS

INPUT, PRINCIPAL_COMPONENTS = "input", "pca"
"""Names of common spaces; any other name is a run folder."""


@dataclass(frozen=True, slots=True)
class ClusteredRun:
    """A finished run and its clusters of the data set that is compared.

    clusters: (n,), `NOISE` for noise.
    loss: of its last phase, as in `PhaseRecord`; None if it minimizes nothing.
    """

    folder: Path
    config: MethodConfig
    dataset: DatasetConfig
    seed: int
    clusters: Labels
    loss: float | None

    @property
    def n_clusters(self) -> int:
        """The number of clusters that have samples."""
        return len(np.unique(self.clusters[self.clusters != NOISE]))


@dataclass(frozen=True, slots=True)
class RunScores:
    """Scores of a run without labels.

    in_space: metric of features -> its value in the common space; None where it is undefined.
    agreement: mean adjusted Rand index with the other runs of the same method and number of
        clusters; None without any.
    """

    run: ClusteredRun
    in_space: Mapping[str, float | None]
    agreement: float | None


def metrics_in_space() -> dict[str, FeatureMetric]:
    """Return all metrics of features by name, the default ones first."""
    names = [name for name, facts in METRICS.schemas.items() if facts["x-needs"] == ["features"]]
    ordered = dict.fromkeys([*default_metrics("features"), *names])
    return {name: METRICS.resolve(name)() for name in ordered}


def clustered_run(folder: Path, dataset: str | None) -> ClusteredRun | None:
    """Read a run and its clusters; None if it has not ended with `ok` or has no clusters.

    Args:
        folder: of the run.
        dataset: the name of the data set, None for the last one.

    Raises:
        ConfigError: the configuration of the run is invalid.
        DataError: the run has no such data set, or clusters of problems instead of samples, or its
            file of clusters is damaged.
    """
    outcome = finished_outcome(folder, folder)
    config = load_checked(folder / CONFIGURATION, check_inputs=False)
    entry = data_set_called(config.datasets, dataset, "run")
    if entry.has_problems:
        raise DataError(f"{folder}: the run has clustered sets of objects, which have no space")
    file = folder / "clusters" / f"{clean_name(entry.name)}.csv"
    if outcome is None or not file.exists():
        return None
    return ClusteredRun(
        folder, config, entry, config.seed or 0, _clusters(file), _loss(outcome, entry.name)
    )


def _clusters(file: Path) -> Labels:
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            return np.array([int(row["cluster"]) for row in csv.DictReader(stream)])
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise DataError(f"{file} is damaged: expected a number in the column cluster") from error


def _loss(outcome: Outcome, dataset: str) -> float | None:
    losses = [phase.loss for phase in outcome.phases if phase.dataset == dataset]
    return losses[-1] if losses else None


def check_same_data(runs: Sequence[ClusteredRun]) -> None:
    """Raise DataError unless all runs have clustered the same samples."""
    first = runs[0]
    expected = _data_of(first)
    for run in runs[1:]:
        data = _data_of(run)
        differences = [
            f"{key}: {data.get(key)!r} and {expected.get(key)!r}"
            for key in dict.fromkeys([*data, *expected])
            if data.get(key) != expected.get(key)
        ]
        if differences:
            raise DataError(
                f"{run.folder} has clustered other data than {first.folder} "
                f"({'; '.join(differences)}); compare runs on one data set"
            )


def _data_of(run: ClusteredRun) -> dict[str, object]:
    """Return what determines the samples of a run, and their number."""
    entry = run.dataset
    return {
        "source": entry.source,
        "dataset": entry.dataset,
        **entry.options,
        "parts": [dict(part) for part in entry.parts],
        "first": entry.first,
        "last": entry.last,
        "number of samples": len(run.clusters),
    }


def rows_in_space(run: ClusteredRun, space: str, device: str | None = None) -> SampledRows:
    """Return samples of the data set of a run in a common space.

    Args:
        run: as whose method reads the samples.
        space: `input`, `pca` (principal components), or a run folder, whose features it means.
        device: a torch device name in place of the reference run's.

    Raises:
        ConfigError: the configuration of the reference run is invalid.
        DataError: the data or the reference run cannot be used.
    """
    if space not in (INPUT, PRINCIPAL_COMPONENTS):
        rows = feature_rows(Path(space), run.dataset.name, device)
        if rows.n_samples != len(run.clusters):
            raise DataError(
                f"{space} has {rows.n_samples:,} samples, the runs {len(run.clusters):,}; "
                "name a run on the same data"
            )
        return rows
    rows = input_rows(run.config, run.dataset)
    return rows if space == INPUT else in_principal_components(rows)


def scores_of_runs(runs: Sequence[ClusteredRun], rows: SampledRows) -> list[RunScores]:
    """Return the scores of every run.

    Args:
        runs: on the same data, at least one.
        rows: samples of these data in the common space.
    """
    metrics, agreements = metrics_in_space(), _agreements(runs)
    return [
        RunScores(
            run,
            {
                name: metric(rows.rows, run.clusters[rows.indices])
                for name, metric in metrics.items()
            },
            agreements[place],
        )
        for place, run in enumerate(runs)
    ]


def _agreements(runs: Sequence[ClusteredRun]) -> list[float | None]:
    """Return the mean adjusted Rand index of each run with the others of its method."""
    groups = defaultdict(list)
    for place, run in enumerate(runs):
        groups[run.config.name, run.dataset.num_clusters].append(place)
    means: list[float | None] = [None] * len(runs)
    for places in groups.values():
        for place in places:
            values = [
                adjusted_rand_score(runs[place].clusters, runs[other].clusters)
                for other in places
                if other != place
            ]
            means[place] = float(np.mean(values)) if values else None
    return means
