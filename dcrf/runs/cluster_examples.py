"""Samples that show what a cluster is: typical, unusual and ambiguous ones."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dcrf.runs.assigned_batches import AssignedBatch
from dcrf.runs.clusters_table import in_words
from dcrf.storage.atomic_files import replacing_text

_OF_EACH_KIND = 5
_EXEMPLAR, _OUTLIER, _AMBIGUOUS = "exemplar", "outlier", "ambiguous"
_KINDS = (_EXEMPLAR, _AMBIGUOUS, _OUTLIER)
_CLUSTER, _ORDER, _SAMPLE, _DISTANCE, _PROBABILITY, _NEXT = range(6)
"""The columns of candidates. The candidates of a cluster with the lowest order are kept."""
_NOBODY: NDArray[np.float64] = np.empty((0, 6))


class ClusterExamples:
    """Finds examples of each cluster, of at most five samples a kind, in one pass over all samples.

    `exemplar`: the samples nearest to the center of their cluster; if clusters have no centers, the
    samples with the highest probability. `outlier`: those farthest from the center. `ambiguous`:
    those whose probability exceeds that of the next cluster least. Kinds that the assignments
    cannot tell are left out. Labels are never read.
    """

    def __init__(self) -> None:
        self._candidates = dict.fromkeys(_KINDS, _NOBODY)
        self._has_distances = self._is_soft = False

    def add(self, batch: AssignedBatch) -> None:
        """Take the next samples into account."""
        values = _candidates_of(batch)
        margins = values[:, _ORDER].copy()
        is_soft = margins < 1
        self._keep(_AMBIGUOUS, values[is_soft])
        self._is_soft |= bool(is_soft.any())
        if batch.distances is None:
            self._keep(_EXEMPLAR, _in_order(values, -values[:, _PROBABILITY]))
            return
        self._has_distances = True
        self._keep(_EXEMPLAR, _in_order(values, values[:, _DISTANCE]))
        self._keep(_OUTLIER, _in_order(values, -values[:, _DISTANCE]))

    def samples(self) -> list[int]:
        """Return the samples that are written, sorted, each once."""
        if not (self._has_distances or self._is_soft):
            return []
        numbers = [values[:, _SAMPLE] for values in self._candidates.values()]
        return np.unique(np.concatenate(numbers)).astype(np.int64).tolist()

    def write(self, file: Path, ids: Sequence[str] | None) -> None:
        """Write a row for each example; no file if assignments are hard and have no centers.

        Args:
            file: a CSV file.
            ids: of all samples; None if they have none.
        """
        if not (self._has_distances or self._is_soft):
            return
        with replacing_text(file) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(
                [
                    *("cluster", "kind", "sample"),
                    *(["id"] if ids is not None else []),
                    *(["distance"] if self._has_distances else []),
                    *("probability", "next_cluster"),
                ]
            )
            for cluster in np.unique(self._candidates[_EXEMPLAR][:, _CLUSTER]):
                for kind, values in self._candidates.items():
                    own = values[values[:, _CLUSTER] == cluster]
                    writer.writerows(self._row(kind, candidate, ids) for candidate in own)

    def _keep(self, kind: str, values: NDArray[np.float64]) -> None:
        self._candidates[kind] = _first_of_each(np.concatenate([self._candidates[kind], values]))

    def _row(
        self, kind: str, candidate: NDArray[np.float64], ids: Sequence[str] | None
    ) -> list[str]:
        sample, following = int(candidate[_SAMPLE]), candidate[_NEXT]
        return [
            *(f"{candidate[_CLUSTER]:.0f}", kind, f"{sample}"),
            *([ids[sample]] if ids is not None else []),
            *([in_words(candidate[_DISTANCE])] if self._has_distances else []),
            in_words(candidate[_PROBABILITY]),
            "" if following < 0 else f"{following:.0f}",
        ]


def _candidates_of(batch: AssignedBatch) -> NDArray[np.float64]:
    """Return the samples of a batch that are no noise, ordered by their margin.

    The margin is the probability of the own cluster minus that of the next one.
    """
    is_clustered = batch.clusters >= 0
    clusters, others = batch.clusters[is_clustered], batch.probabilities[is_clustered].copy()
    places = np.arange(len(clusters))
    own = others[places, clusters]
    others[places, clusters] = -1
    following = others.argmax(axis=1)
    next_probabilities = others.max(axis=1).clip(min=0)
    values = np.empty((len(clusters), _NOBODY.shape[1]))
    values[:, _CLUSTER] = clusters
    values[:, _ORDER] = own - next_probabilities
    values[:, _SAMPLE] = batch.indices[is_clustered]
    values[:, _DISTANCE] = np.nan if batch.distances is None else batch.distances[is_clustered]
    values[:, _PROBABILITY] = own
    values[:, _NEXT] = np.where(next_probabilities > 0, following, -1)
    return values


def _in_order(values: NDArray[np.float64], order: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return candidates with another order."""
    ordered = values.copy()
    ordered[:, _ORDER] = order
    return ordered


def _first_of_each(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first candidates of each cluster, sorted; of equal ones the first samples."""
    values = values[np.lexsort((values[:, _SAMPLE], values[:, _ORDER], values[:, _CLUSTER]))]
    clusters = values[:, _CLUSTER]
    places = np.arange(len(values)) - np.searchsorted(clusters, clusters)
    return values[places < _OF_EACH_KIND]
