"""The files that say what the clusters of a data set are."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from torch import Tensor

from dcrf.batch import Batch, SampleFacts
from dcrf.evaluation.metrics.base import NOISE, Labels
from dcrf.runs.assigned_batches import AssignedBatch, UseBatch, assign_batches
from dcrf.runs.cluster_examples import ClusterExamples
from dcrf.runs.cluster_profile import write_profile
from dcrf.runs.clusters_table import ClustersTable
from dcrf.runs.example_images import save_images
from dcrf.storage.atomic_files import replacing, replacing_text
from dcrf.storage.npy_rows import NpyRows
from dcrf.training.interfaces import DataSource
from dcrf.training.method import Method

TABLES, EXAMPLES, PROFILES, FEATURES = "clusters", "examples", "profiles", "features"
"""The folders of a run folder with a file for each data set."""
CONFUSION = "confusion"
"""The folder with the classes of the clusters of each labeled data set."""


def save_clusters(
    folder: Path, name: str, method: Method, source: DataSource, clusters: Labels
) -> None:
    """Write the clusters of all samples, and examples and a profile of each cluster.

    One pass over the samples, whose memory does not grow with their number.

    Args:
        folder: of the run.
        name: of the data set, for file names.
        method: the trained method.
        source: the data set.
        clusters: (n,) int64, that the method has assigned.

    Raises:
        OSError: a file cannot be written.
    """
    facts, examples = source.facts, ClusterExamples()
    with replacing_text(folder / TABLES / f"{name}.csv") as stream:
        table = ClustersTable(stream, facts.ids)
        assign_batches(method, source, [table.write, examples.add], clusters)
    examples.write(folder / EXAMPLES / f"{name}.csv", facts.ids)
    save_images(folder / EXAMPLES / f"{name}.npy", examples.samples(), method.pass_over(source))
    save_profile(folder / PROFILES / f"{name}.csv", facts, clusters)


def save_profile(file: Path, facts: SampleFacts, clusters: Labels) -> None:
    """Write the columns that distinguish each cluster; no file without columns or clusters.

    Args:
        file: a CSV file.
        facts: about n samples.
        clusters: (n,) int64, `NOISE` for noise.

    Raises:
        OSError: the file cannot be written.
    """
    if facts.columns is not None and facts.rows is not None and (clusters != NOISE).any():
        write_profile(file, facts.rows, facts.columns, clusters)


def save_confusion(folder: Path, name: str, labels: Labels | None, clusters: Labels) -> None:
    """Write the number of samples of each class in each cluster, without those of none.

    No file without labels of at least two classes.

    Args:
        folder: of the run.
        name: of the data set, for file names.
        labels: (n,) integers; None without labels.
        clusters: (n,) int64, `NOISE` for noise.

    Raises:
        OSError: the file cannot be written.
    """
    if labels is None or (labels == labels[0]).all():
        return
    cells, counts = np.unique(np.stack([labels, clusters]), axis=1, return_counts=True)
    with replacing_text(folder / CONFUSION / f"{name}.csv") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("class", "cluster", "samples"))
        writer.writerows(zip(*cells.tolist(), counts.tolist(), strict=True))


def save_features(file: Path, method: Method, source: DataSource) -> None:
    """Write the features (n, d) in which clusters are formed, float32 in numpy's format.

    One pass over the samples, whose memory does not grow with their number.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(file) as stream:
        rows = NpyRows(stream, source.n_samples)

        def write(batch: Batch) -> Tensor:
            features = method.assignment.features(batch.samples)
            rows.write(features.float().cpu().numpy())
            return features[:, :0]

        method.pass_over(source)(write)


@contextmanager
def saving_features(file: Path, n_samples: int) -> Iterator[UseBatch]:
    """Write the features of the batches that the function takes, when the block ends.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(file) as stream:
        rows = NpyRows(stream, n_samples)

        def write(batch: AssignedBatch) -> None:
            if batch.features is not None:
                rows.write(batch.features)

        yield write
