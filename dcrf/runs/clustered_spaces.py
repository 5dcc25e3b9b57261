"""Score classical clusterings of a run's data set: of its samples, and of saved features."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dcrf.batch import DatasetPass
from dcrf.builder import RunContext
from dcrf.builder.clustered_samples import cluster_features, samples_as_features
from dcrf.builder.metrics import build_metrics
from dcrf.builder.open_dataset import open_dataset
from dcrf.config import load_checked
from dcrf.config.file_names import clean_name
from dcrf.config.method_config import DatasetConfig, MethodConfig, Options
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sources.load import open_data, source_of_file
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Evaluator
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import NO_WRITER
from dcrf.runs.cluster_files import FEATURES
from dcrf.runs.run_files import RunFiles
from dcrf.runs.run_folder import CONFIGURATION
from dcrf.runs.trained_run import data_set_called
from dcrf.training.interfaces import DataSource as Samples

K_MEANS, RANDOM = "k_means", "random"
"""The clusterings that serve as baselines."""

BATCH_SIZE = 4096
_PURPOSE = "baseline"


@dataclass(frozen=True, slots=True)
class ReadData:
    """A data set as a run has read it: after its steps, in its default view."""

    config: MethodConfig
    dataset: DatasetConfig
    samples: Samples


def in_components(n_components: int) -> str:
    """Return the entry of k-means on principal components, as JSON."""
    steps = [{"type": "pca", "n_components": n_components}]
    return json.dumps({"method": K_MEANS, "steps": steps})


def read_data(folder: Path, dataset: str) -> ReadData:
    """Open a data set of a run.

    Raises:
        ConfigError: the configuration of the run is invalid.
        DataError: the run has no such data set, its data cannot be read, or they are sets of
            objects.
    """
    config = load_checked(folder / CONFIGURATION, check_inputs=False)
    entry = data_set_called(config.datasets, dataset, "run")
    if entry.has_problems:
        raise DataError("it has sets of objects, which no classical clustering takes")
    streams, files = RandomStreams(config.seed or 0), RunFiles(None, config.name)
    return ReadData(
        config, entry, open_dataset(RunContext(config, streams, "cpu", NO_WRITER, files), entry)
    )


def phase_names(data: ReadData) -> list[str]:
    """Return the names of the phases on a data set, in their order."""
    return [phase.name for phase in data.config.phases_on(data.dataset)]


def saved_features(folder: Path, data: ReadData, phase: str) -> DataSource | None:
    """Return the features that a run has saved after a phase; None if it has not.

    Raises:
        DataError: the file cannot be read, or has another number of rows.
    """
    name = f"{clean_name(data.dataset.name)}-{clean_name(phase)}"
    file = folder / FEATURES / f"{name}.npy"
    if not file.exists():
        return None
    raw = open_data(source_of_file(file), name, {"path": str(file)})
    if len(raw.samples) != data.samples.n_samples:
        number = f"{data.samples.n_samples:,} samples"
        raise DataError(f"{file}: {len(raw.samples):,} rows, but the data set has {number}")
    loading = Loading(min(BATCH_SIZE, len(raw.samples)), drop_last=False)
    labeled = replace(raw, labels=data.samples.labels())
    return DataSource(name, labeled, None, {}, loading, RandomStreams(0))


def scores_of_clustering(
    samples: Samples, entry: Options, n_clusters: int, seed: int
) -> Mapping[str, Any]:
    """Cluster flat samples, and return the evaluation of the clusters as plain values.

    Args:
        samples: of a data set, with its labels.
        entry: of the clustering, with its name and defaults.
        n_clusters: k.
        seed: of all random numbers.

    Raises:
        DataError: the clustering does not work on these samples.
    """
    data_pass = DatasetPass(samples.n_samples, samples.data_pass)
    draws = RandomStreams(seed).generator(_PURPOSE)
    features = samples_as_features().eval()
    assignment = cluster_features(entry, features, data_pass, n_clusters, draws)
    return Evaluator(assignment, samples.labels, build_metrics()).evaluate(data_pass).record()
