"""Score k-means in each space that a method has gone through: its samples, and its features."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dcrf.config.clustering_entry import checked_clustering
from dcrf.errors import DataError
from dcrf.reporting.comparison import MethodRuns
from dcrf.reporting.records import DatasetRecord, Outcome
from dcrf.runs.clustered_spaces import (
    K_MEANS,
    ReadData,
    phase_names,
    read_data,
    saved_features,
    scores_of_clustering,
)
from dcrf.runs.evaluate_clustering import evaluate_clustering
from dcrf.runs.trained_run import open_run

SAMPLES, OWN = "samples", "the method's clusters"


def spaces_of(method: MethodRuns) -> tuple[list[MethodRuns], list[str]]:
    """Return k-means in each space as a method of its own, and notes on spaces that are absent.

    The spaces are the samples as the method reads them and the features after every phase. Those
    of phases are saved by `--save_features`; those after the last phase are computed from the
    parameters if they are not. The last row is the method's own assignment.

    Args:
        method: with the run folder of each seed and data set.

    Raises:
        ConfigError: the configuration of a run is invalid.
        DataError: the data of a run cannot be read, or there is no finished run.
    """
    if not method.folders:
        raise DataError(f"{method.name} has no finished run")
    rows: dict[str, dict[int, list[DatasetRecord]]] = {}
    missing: dict[tuple[str, str], None] = {}
    data: dict[str, ReadData] = {}
    for (seed, name), folder in method.folders.items():
        data[name] = data.get(name) or read_data(folder, name)
        for space, evaluation in _spaces(folder, data[name], seed):
            if evaluation is None:
                missing[space, name] = None
            else:
                record = DatasetRecord(name, evaluation)
                rows.setdefault(space, {}).setdefault(seed, []).append(record)
    methods = [_method(space, method, by_seed) for space, by_seed in rows.items()]
    notes = [
        f"{space} on {name} is absent: its features were not saved; run with --save_features"
        for space, name in missing
    ]
    own = MethodRuns(OWN, method.outcomes, method.unfinished, method.data)
    return [*methods, own], notes


def _spaces(
    folder: Path, data: ReadData, seed: int
) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Yield the name and the scores of each space; None if its features are not known."""
    entry, k = checked_clustering(K_MEANS, "--by_space"), data.dataset.num_clusters
    yield f"k-means on {SAMPLES}", scores_of_clustering(data.samples, entry, k, seed)
    *_, last = phases = phase_names(data)
    for phase in phases:
        features = saved_features(folder, data, phase)
        name = f"k-means after {phase}"
        if features is not None:
            yield name, scores_of_clustering(features, entry, k, seed)
        elif phase == last:
            run = open_run(folder, data.dataset.name, "cpu")
            yield name, evaluate_clustering(run, entry, None).record()
        else:
            yield name, None


def _method(
    space: str, method: MethodRuns, by_seed: Mapping[int, list[DatasetRecord]]
) -> MethodRuns:
    outcomes = {
        seed: Outcome(
            source=space,
            method=space,
            seed=seed,
            status="ok",
            label_informed=method.outcomes[seed].label_informed,
            datasets=tuple(records),
        )
        for seed, records in by_seed.items()
    }
    return MethodRuns(space, outcomes, data=method.data)
