"""Baselines of finished runs: classical clusterings of the same samples, kept in a file."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from dcrf.config.clustering_entry import checked_clustering
from dcrf.config.method_config import Options
from dcrf.errors import DcrfError
from dcrf.reporting.comparison import METRICS, MethodRuns
from dcrf.reporting.records import DatasetRecord, Outcome
from dcrf.reporting.scores import is_scored_by_labels
from dcrf.runs.clustered_spaces import (
    K_MEANS,
    RANDOM,
    ReadData,
    in_components,
    phase_names,
    read_data,
    saved_features,
    scores_of_clustering,
)
from dcrf.storage.atomic_files import read_json, write_json
from dcrf.storage.digests import digest
from dcrf.training.interfaces import DataSource

FILE = "baselines.json"
COMPONENTS = 10
"""Principal components, as many as the features of the DEC family have."""

_FORMAT = 1


Say = Callable[[str], None]


@dataclass(slots=True)
class KeptScores:
    """The scores of baselines in a file beside the folders of methods.

    A key is a digest of the samples, the clustering and the seed, so changed data are new ones. The
    file is written after every new score. Damaged entries are computed again.

    say: takes a sentence before a score is computed, and if the file cannot be written.
    """

    file: Path
    say: Say
    scores: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def beside(cls, run: Path, say: Say) -> "KeptScores":
        """Return those of the folder that contains the method's folder of a run."""
        file = run.resolve().parents[1] / FILE
        kept = cls(file, say)
        with suppress(OSError, ValueError):
            content = read_json(file)
            if isinstance(content, dict) and content.get("format") == _FORMAT:
                kept.scores = content["scores"] if isinstance(content.get("scores"), dict) else {}
        return kept

    def of(
        self, name: str, samples: DataSource, reading: Any, entry: Options, k: int, seed: int
    ) -> Any:
        """Return the evaluation of a clustering, computed if it is not in the file.

        Args:
            name: of the baseline, for people.
            samples: flat or not, with labels.
            reading: plain values; how samples become the default view.
            entry: of the clustering.
            k: number of clusters.
            seed: of the clustering.

        Raises:
            DataError: the clustering does not work on these samples.
        """
        facts = [dict(samples.fingerprint()), reading, entry, k, seed]
        key = digest(facts)
        if not _is_evaluation(self.scores.get(key)):
            self.say(f"computing baselines: {name}, {samples.n_samples:,} samples, seed {seed}")
            record = scores_of_clustering(samples, entry, k, seed)
            self.scores[key] = {name: record.get(name) for name in ("n_samples", *METRICS)}
            try:
                write_json(self.file, {"format": _FORMAT, "scores": self.scores})
            except OSError as error:
                self.say(f"the scores of baselines cannot be kept: {error}")
        return self.scores[key]


def _is_evaluation(value: Any) -> bool:
    """Whether a value read from a file has a number of samples, and scores or None."""
    return (
        isinstance(value, dict)
        and value.keys() == {"n_samples", *METRICS}
        and type(value["n_samples"]) is int
        and all(value[name] is None or type(value[name]) in (int, float) for name in METRICS)
    )


Rows = dict[str, dict[int, list[DatasetRecord]]]
"""Baseline -> seed -> its results."""


def baselines_of(methods: list[MethodRuns], say: Say) -> tuple[list[MethodRuns], list[str]]:
    """Return baselines on the data sets of methods as methods, and notes on absent ones.

    They are k-means and random clusters of the samples as the methods read them, k-means on their
    principal components, and k-means on the features that a method has saved after its first phase.
    Each has the seeds of the runs. Methods that read a data set differently have baselines with a
    number.

    Args:
        methods: with the folders of their runs.
        say: as in `KeptScores`.
    """
    places = {
        (method.name, seed, record.dataset): method.folders[seed, record.dataset]
        for method in methods
        for seed, record in method.records
        if record.evaluation and is_scored_by_labels(record.evaluation)
    }
    if not places:
        return [], []
    kept = KeptScores.beside(next(iter(places.values())), say)
    rows: Rows = {}
    data_of: dict[str, dict[str, str]] = {}
    notes: dict[str, None] = {}
    unsaved: dict[str, None] = {}
    opened: dict[tuple[str, str], ReadData | None] = {}
    numbers: dict[str, dict[str, int]] = {}
    digests = {method.name: method.data for method in methods}
    for (method, seed, dataset), folder in places.items():
        if (method, dataset) not in opened:
            opened[method, dataset] = _opened(folder, method, dataset, notes)
        data = opened[method, dataset]
        if data is None:
            continue
        digest = digests[method].get(dataset, "")
        known = numbers.setdefault(dataset, {})
        number = known.setdefault(f"{digest} {_reading(data)}", len(known) + 1)
        suffix = "" if number == 1 else f" ({number})"
        if number > 1:
            notes[f"baselines{suffix} read {dataset} as {method} does"] = None
        try:
            scores = _scores(kept, data, seed)
            scores = {f"{name}{suffix}": score for name, score in scores.items()}
            if (first := _first_of_several(data)) is not None:
                pretrained = _pretrained(kept, data, folder, method, first, seed)
                scores |= pretrained
                unsaved |= {} if pretrained else {method: None}
        except DcrfError as error:
            notes[f"no baselines of {method} on {dataset}: {error}"] = None
            continue
        for name, score in scores.items():
            records = rows.setdefault(name, {}).setdefault(seed, [])
            if all(record.dataset != dataset for record in records):
                records.append(DatasetRecord(dataset, score))
            data_of.setdefault(name, {})[dataset] = digest
    if unsaved:
        remedy = "run with --save_features for k-means on its features after the first phase"
        notes[f"{', '.join(unsaved)}: {remedy}"] = None
    return [_method(name, by_seed, data_of[name]) for name, by_seed in rows.items()], list(notes)


def _opened(folder: Path, method: str, dataset: str, notes: dict[str, None]) -> ReadData | None:
    try:
        return read_data(folder, dataset)
    except DcrfError as error:
        notes[f"no baselines of {method} on {dataset}: {error}"] = None
        return None


def _reading(data: ReadData) -> str:
    """Return how a method reads a data set, and into how many clusters."""
    entry = data.dataset
    facts = [entry.num_clusters, entry.transforms, entry.steps, entry.steps_fitted_on]
    return json.dumps(facts, sort_keys=True, default=list)


def _scores(kept: KeptScores, data: ReadData, seed: int) -> dict[str, Any]:
    """Return the scores of the baselines that see the samples only."""
    k, samples, reading = data.dataset.num_clusters, data.samples, _reading(data)
    entries = {"k-means on samples": K_MEANS, "random": RANDOM}
    n_values = samples.data_pass(lambda batch: batch.samples.flatten(1), torch.arange(1)).shape[1]
    if min(n_values, samples.n_samples) > COMPONENTS:
        entries["k-means on PCA"] = in_components(COMPONENTS)
    return {
        name: kept.of(name, samples, reading, checked_clustering(entry, "baselines"), k, seed)
        for name, entry in entries.items()
    }


def _first_of_several(data: ReadData) -> str | None:
    """Return the name of the first phase on a data set; None if it is the only one."""
    first, *others = phase_names(data)
    return first if others else None


def _pretrained(
    kept: KeptScores, data: ReadData, folder: Path, method: str, phase: str, seed: int
) -> dict[str, Any]:
    """Return the score of k-means on the features after a phase; empty if they were not saved."""
    features = saved_features(folder, data, phase)
    if features is None:
        return {}
    entry = checked_clustering(K_MEANS, "baselines")
    name = f"k-means after {phase} of {method}"
    return {name: kept.of(name, features, None, entry, data.dataset.num_clusters, seed)}


def _method(
    name: str, by_seed: Mapping[int, list[DatasetRecord]], data: Mapping[str, str]
) -> MethodRuns:
    outcomes = {
        seed: Outcome(name, name, seed, "ok", datasets=tuple(records))
        for seed, records in sorted(by_seed.items())
    }
    return MethodRuns(name, outcomes, data=data, is_trained=False)
