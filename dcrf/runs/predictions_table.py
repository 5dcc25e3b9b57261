"""Predicted clusters as CSV and in words."""

import csv
import math
from io import StringIO

import numpy as np

from dcrf.evaluation.metrics.base import NOISE
from dcrf.runs.predict_samples import Prediction

_SHOWN = 12  # clusters whose sizes are said


def clusters_table(prediction: Prediction) -> str:
    """Return a row for each sample: its number, id, cluster, distance and probabilities.

    `distance` is that to the center of its cluster, empty for noise; the column is missing if
    clusters have no centers. `probability_of_c` is that of cluster c.
    """
    n_samples, n_clusters = prediction.probabilities.shape
    columns = {"sample": [*map(str, range(n_samples))]}
    if prediction.ids is not None:
        columns["id"] = list(prediction.ids)
    columns["cluster"] = [*map(str, prediction.clusters.tolist())]
    if prediction.distances is not None:
        values = prediction.distances.tolist()
        columns["distance"] = ["" if math.isnan(v) else f"{v:.6g}" for v in values]
    for cluster in range(n_clusters):
        values = prediction.probabilities[:, cluster].tolist()
        columns[f"probability_of_{cluster}"] = [f"{value:.6g}" for value in values]
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return table.getvalue()


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
