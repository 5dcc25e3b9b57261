"""Predicted clusters as CSV and in words."""

import csv
import math
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

import numpy as np

from dcrf.evaluation.metrics.base import NOISE
from dcrf.runs.predict_samples import Prediction

_ROWS_AT_A_TIME = 2**14
_SHOWN = 12  # clusters whose sizes are said


def clusters_table(prediction: Prediction) -> str:
    """Return a row for each sample: its number, id, cluster, distance and probabilities.

    `distance` is that to the center of its cluster, empty for noise; the column is missing if
    clusters have no centers. `probability_of_c` is that of cluster c.
    """
    n_samples, n_clusters = prediction.probabilities.shape
    header = [
        *("sample", *(["id"] if prediction.ids is not None else []), "cluster"),
        *(["distance"] if prediction.distances is not None else []),
        *(f"probability_of_{cluster}" for cluster in range(n_clusters)),
    ]
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(header)
    for start in range(0, n_samples, _ROWS_AT_A_TIME):
        part = range(start, min(start + _ROWS_AT_A_TIME, n_samples))
        writer.writerows(zip(*_columns(prediction, part), strict=True))
    return table.getvalue()


def _columns(prediction: Prediction, part: range) -> Iterator[Sequence[Any]]:
    """Yield the columns of some samples as texts and numbers."""
    place = slice(part.start, part.stop)
    yield part
    if prediction.ids is not None:
        yield prediction.ids[place]
    yield prediction.clusters[place].tolist()
    if prediction.distances is not None:
        distances = prediction.distances[place].tolist()
        yield ["" if math.isnan(value) else f"{value:.6g}" for value in distances]
    for values in prediction.probabilities[place].T.tolist():
        yield [f"{value:.6g}" for value in values]


def clusters_in_words(prediction: Prediction) -> str:
    """Return the number of samples, and the sizes of the largest clusters."""
    clusters = prediction.clusters
    sizes = np.bincount(clusters[clusters != NOISE], minlength=prediction.probabilities.shape[1])
    order = [cluster for cluster in np.argsort(-sizes, kind="stable") if sizes[cluster]]
    shown = [f"{cluster}: {sizes[cluster]:,}" for cluster in order[:_SHOWN]]
    more = [f"{len(order) - _SHOWN} more"] if len(order) > _SHOWN else []
    n_noise = int((clusters == NOISE).sum())
    noise = f", and noise: {n_noise:,}" if n_noise else ""
    samples = f"{len(clusters):,} sample{'s' if len(clusters) != 1 else ''}"
    return f"{samples}; sizes of the clusters: {', '.join([*shown, *more]) or 'none'}{noise}"
