"""The clusters of samples as CSV and in words."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from dcrf.errors import counted
from dcrf.evaluation.metrics.base import NOISE, Labels
from dcrf.runs.assigned_batches import AssignedBatch
from dcrf.storage.atomic_files import replacing_text

_SHOWN = 12  # clusters whose sizes are said


class ClustersTable:
    """Writes a row for each sample: its number, cluster, id, distance and probabilities.

    `id` is missing for samples without ids. `distance` is that to the center of its cluster, empty
    for noise; the column is missing if clusters have no centers. `probability_of_c` is that of
    cluster c.

    Args:
        stream: of the file.
        ids: of all samples; None if they have none.
    """

    def __init__(self, stream: TextIO, ids: Sequence[str] | None) -> None:
        self._writer = csv.writer(stream, lineterminator="\n")
        self._ids, self._has_header = ids, False

    def write(self, batch: AssignedBatch) -> None:
        """Write the rows of the next samples."""
        if not self._has_header:
            self._writer.writerow(self._header(batch))
            self._has_header = True
        self._writer.writerows(zip(*self._columns(batch), strict=True))

    def _header(self, batch: AssignedBatch) -> list[str]:
        # `sample` and `cluster` come first, as in tables without probabilities
        return [
            *("sample", "cluster"),
            *(["id"] if self._ids is not None else []),
            *(["distance"] if batch.distances is not None else []),
            *(f"probability_of_{cluster}" for cluster in range(batch.probabilities.shape[1])),
        ]

    def _columns(self, batch: AssignedBatch) -> Iterator[Sequence[Any]]:
        indices: list[int] = batch.indices.tolist()
        yield indices
        yield batch.clusters.tolist()
        if self._ids is not None:
            yield [self._ids[index] for index in indices]
        if batch.distances is not None:
            yield [in_words(value) for value in batch.distances.tolist()]
        for values in batch.probabilities.T.tolist():
            yield [in_words(value) for value in values]


def in_words(value: float) -> str:
    """Return a number with six digits, nothing for NaN."""
    return "" if math.isnan(value) else f"{value:.6g}"


def write_clusters(file: Path, clusters: Labels, ids: Sequence[str] | None = None) -> None:
    """Write clusters without their probabilities: (n,) of samples, with a column of ids if any.

    Clusters (N, n) of clustering problems have a row for each object; -1 where no object is.
    """
    with replacing_text(file) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if clusters.ndim > 1:
            writer.writerow(("problem", "object", "cluster"))
            writer.writerows(
                (*place, cluster) for place, cluster in np.ndenumerate(clusters) if cluster >= 0
            )
        elif ids is None:
            writer.writerow(("sample", "cluster"))
            writer.writerows(enumerate(clusters.tolist()))
        else:
            writer.writerow(("sample", "cluster", "id"))
            writer.writerows(zip(range(len(clusters)), clusters.tolist(), ids, strict=True))


def clusters_in_words(clusters: Labels) -> str:
    """Return the number of samples, and the sizes of the largest clusters (n,)."""
    sizes = np.bincount(clusters[clusters != NOISE])
    order = [cluster for cluster in np.argsort(-sizes, kind="stable") if sizes[cluster]]
    shown = [f"{cluster}: {sizes[cluster]:,}" for cluster in sorted(order[:_SHOWN])]
    more = [f"{len(order) - _SHOWN} more"] if len(order) > _SHOWN else []
    n_noise = int((clusters == NOISE).sum())
    noise = f", and noise: {n_noise:,}" if n_noise else ""
    samples = counted(len(clusters), "sample")
    return f"{samples}; sizes of the clusters: {', '.join([*shown, *more]) or 'none'}{noise}"
