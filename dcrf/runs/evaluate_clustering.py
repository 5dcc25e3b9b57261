"""Fit a classical clustering to the features of a run, or to those in a file, and score it."""

from pathlib import Path

from dcrf.batch import DatasetPass
from dcrf.builder.clustered_samples import cluster_features, samples_as_features
from dcrf.builder.metrics import build_metrics, requested_metrics
from dcrf.config.method_config import Options
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sources.load import open_data, source_of_file
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Evaluation, Evaluator
from dcrf.randomness import RandomStreams
from dcrf.runs.evaluate_run import samples_of
from dcrf.runs.trained_run import TrainedRun
from dcrf.schema.registry import CLUSTERINGS, SOURCES
from dcrf.training import interfaces

BATCH_SIZE = 4096
_PURPOSE = "evaluated clustering"


def evaluate_clustering(
    run: TrainedRun,
    entry: Options,
    n_clusters: int | None,
    samples: interfaces.DataSource | None = None,
) -> Evaluation:
    """Cluster the features that a run has learned, and score these clusters.

    Args:
        run: of a method with a feature extractor.
        entry: of the clustering, with its name and defaults.
        n_clusters: k; None for that of the data set.
        samples: as `samples_of` opens them; None for those of the run.

    Raises:
        DataError: the method has no features, the samples cannot be read, or the clustering does
            not work on them.
    """
    features = run.method.features
    if features is None:
        raise DataError(f"the method {run.config.name} has no features to cluster")
    source = samples_of(run) if samples is None else samples
    data_pass, number = run.method.pass_over(source), n_clusters or run.dataset.num_clusters
    draws = run.streams.generator(_PURPOSE)
    assignment = cluster_features(entry, features, data_pass, number, draws)
    metrics = build_metrics(requested_metrics(run.config))
    return Evaluator(assignment, source.labels, metrics).evaluate(data_pass)


def evaluate_features(
    file: Path, labels: str | None, entry: Options, n_clusters: int | None
) -> Evaluation:
    """Cluster the rows of a file as they are, and score these clusters.

    Args:
        file: of features, with a row for each sample.
        labels: where the labels are: the value of the key of the source that says so, such as
            another file or a column; None for its default.
        entry: of the clustering, with its name and defaults.
        n_clusters: k; None for clusterings that find it.

    Raises:
        DataError: the file cannot be read, or the clustering does not work on its rows.
    """
    schema = CLUSTERINGS.schemas[CLUSTERINGS.stems[entry[CLUSTERINGS.key]]]
    if n_clusters is None and not schema.get("x-finds-number"):
        raise DataError(f"{file}: how many clusters? Add --clusters K")
    name = source_of_file(file)
    raw = open_data(name, file.stem, {"path": str(file), **_labels_option(name, file, labels)})
    streams = RandomStreams(0)
    loading = Loading(min(BATCH_SIZE, len(raw.samples)), drop_last=False)
    source = DataSource(file.name, raw, None, {}, loading, streams)
    data_pass, draws = DatasetPass(source.n_samples, source.data_pass), streams.generator(_PURPOSE)
    features = samples_as_features().eval()
    assignment = cluster_features(entry, features, data_pass, n_clusters or 1, draws)
    return Evaluator(assignment, source.labels, build_metrics()).evaluate(data_pass)


def _labels_option(source: str, file: Path, labels: str | None) -> dict[str, str]:
    """Return the option of a source that says where labels are."""
    if labels is None:
        return {}
    for key, schema in SOURCES.properties(source).items():
        if schema.get("x-labels"):
            return {key: labels}
    raise DataError(f"{file}: --labels: the source {source} has no labels")
