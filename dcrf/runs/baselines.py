"""Baselines of finished runs: classical clusterings of the same samples, kept in a file."""

import hashlib
import json
from collections.abc import Mapping
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
from dcrf.training.interfaces import DataSource

FILE = "baselines.json"
COMPONENTS = 10
"""Principal components, as many as the features of the DEC family have."""

_FORMAT = 1


@dataclass(slots=True)
class KeptScores:
    """The scores of baselines in a file beside the folders of methods.

    A key is a digest of the samples, the clustering and the seed, so changed data are new ones. The
    file is written after every new score. Damaged entries are computed again.
    """

    file: Path
    scores: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def beside(cls, run: Path) -> "KeptScores":
        """Return those of the folder that contains the method's folder of a run."""
        file = run.resolve().parents[1] / FILE
        kept = cls(file)
        with suppress(OSError, ValueError):
            content = read_json(file)
            if isinstance(content, dict) and content.get("format") == _FORMAT:
                kept.scores = content["scores"] if isinstance(content.get("scores"), dict) else {}
        return kept

    def of(self, samples: DataSource, reading: Any, entry: Options, k: int, seed: int) -> Any:
        """Return the evaluation of a clustering, computed if it is not in the file.

        Args:
            samples: flat or not, with labels.
            reading: plain values; how samples become the default view.
            entry: of the clustering.
            k: number of clusters.
            seed: of the clustering.

        Raises:
            DataError: the clustering does not work on these samples.
            OSError: the file cannot be written.
        """
        facts = [dict(samples.fingerprint()), reading, entry, k, seed]
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        if not _is_evaluation(self.scores.get(key)):
            record = scores_of_clustering(samples, entry, k, seed)
            self.scores[key] = {name: record.get(name) for name in ("n_samples", *METRICS)}
            write_json(self.file, {"format": _FORMAT, "scores": self.scores})
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


def baselines_of(methods: list[MethodRuns]) -> tuple[list[MethodRuns], list[str]]:
    """Return baselines on the data sets of methods as methods, and notes on absent ones.

    They are k-means and random clusters of the samples as the methods read them, k-means on their
    principal components, and k-means on the features that a method has saved after its first phase.
    Each has the seeds of the runs. Methods that read a data set differently have baselines with a
    number.

    Raises:
        OSError: the file of their scores cannot be written.
    """
    places = {(m.name, seed, d): f for m in methods for (seed, d), f in m.folders.items()}
    if not places:
        return [], []
    kept = KeptScores.beside(next(iter(places.values())))
    rows: Rows = {}
    data_of: dict[str, dict[str, str]] = {}
    notes: dict[str, None] = {}
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
            scores |= _pretrained(kept, data, folder, method, seed, notes)
        except DcrfError as error:
            notes[f"no baselines of {method} on {dataset}: {error}"] = None
            continue
        for name, score in scores.items():
            records = rows.setdefault(name, {}).setdefault(seed, [])
            if all(record.dataset != dataset for record in records):
                records.append(DatasetRecord(dataset, score))
            data_of.setdefault(name, {})[dataset] = digest
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
        name: kept.of(samples, reading, checked_clustering(entry, "--baselines"), k, seed)
        for name, entry in entries.items()
    }


def _pretrained(
    kept: KeptScores,
    data: ReadData,
    folder: Path,
    method: str,
    seed: int,
    notes: dict[str, None],
) -> dict[str, Any]:
    """Return the score of k-means on the features after the first of several phases."""
    first, *others = phase_names(data)
    if not others:
        return {}
    features = saved_features(folder, data, first)
    if features is None:
        text = f"no k-means on the features of {method} after {first}, which were not saved"
        notes[f"{text}; run with --save_features"] = None
        return {}
    entry = checked_clustering(K_MEANS, "--baselines")
    score = kept.of(features, None, entry, data.dataset.num_clusters, seed)
    return {f"k-means after {first} of {method}": score}


def _method(
    name: str, by_seed: Mapping[int, list[DatasetRecord]], data: Mapping[str, str]
) -> MethodRuns:
    outcomes = {
        seed: Outcome(name, name, seed, "ok", datasets=tuple(records))
        for seed, records in sorted(by_seed.items())
    }
    return MethodRuns(name, outcomes, data=data, is_trained=False)
