"""Tables of sets of objects with their partitions, as CSV."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

import numpy as np

from dcrf.pictures.partitioned_set import PartitionedSet


def objects_table(sets: Sequence[PartitionedSet]) -> str:
    """Return a row for each object: set, object, values, known and predicted clusters.

    Values are those of points, without those of images. `cluster_of_k` is the cluster in the
    partition into k clusters, `cluster` that in the chosen one.
    """
    numbers = range(1, len(sets[0].probabilities) + 1)
    n_values = sets[0].objects.shape[1] if sets[0].objects.ndim == 2 else 0  # noqa: PLR2004
    has_known = sets[0].known is not None
    header = [
        *("set", "object", *(f"value_{place}" for place in range(1, n_values + 1))),
        *(["known"] if has_known else []),
        *("cluster", *(f"cluster_of_{k}" for k in numbers)),
    ]
    return _csv(header, (row for place, s in enumerate(sets) for row in _objects(place, s)))


def scores_table(sets: Sequence[PartitionedSet]) -> str:
    """Return a row for each set and number of clusters: its probability, and all scores."""
    metrics = [*sets[0].scores]
    header = ["set", "num_clusters", "probability", "is_chosen"]
    header += ["is_known", *metrics] if sets[0].known is not None else []
    rows = []
    for place, partitioned in enumerate(sets):
        for number, probability in enumerate(partitioned.probabilities.tolist(), 1):
            row = [place, number, f"{probability:.6g}", int(number == partitioned.n_clusters)]
            if partitioned.known is not None:
                row.append(int(number == partitioned.known_n_clusters))
            rows.append([*row, *(partitioned.scores[name][number - 1] for name in metrics)])
    return _csv(header, rows)


def _objects(place: int, partitioned: PartitionedSet) -> Iterable[list[Any]]:
    objects, clusters = partitioned.objects, partitioned.clusters
    has_values = objects.ndim == 2  # noqa: PLR2004 - a row of values for each object
    for index in range(len(objects)):
        yield [
            *(place, index, *(objects[index].tolist() if has_values else [])),
            *([] if partitioned.known is None else [int(partitioned.known[index])]),
            *(int(clusters[index]), *np.asarray(partitioned.partitions[:, index]).tolist()),
        ]


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return table.getvalue()
