"""The columns of a table that distinguish each cluster."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcrf.batch import Rows
from dcrf.evaluation.metrics.base import NOISE, Labels
from dcrf.storage.atomic_files import replacing_text

_COLUMNS = 20  # of each cluster
_VALUES_AT_A_TIME = 2**22


class Means(NamedTuple):
    """Means of d columns in the units of the data.

    sizes: (k,) samples in each cluster; noise is in none.
    of_clusters: (k, d), NaN for a cluster without samples.
    of_all: (d,), of all samples, with noise.
    deviations: (d,), standard deviations of all samples.
    are_occurrences: whether no value is negative and most are 0, as weights of terms are.
    """

    sizes: NDArray[np.int64]
    of_clusters: NDArray[np.float64]
    of_all: NDArray[np.float64]
    deviations: NDArray[np.float64]
    are_occurrences: bool

    @property
    def differences(self) -> NDArray[np.float64]:
        """(k, d): the means of clusters minus those of all samples, in standard deviations.

        0 in columns of a single value.
        """
        scale = np.where(self.deviations > 0, self.deviations, 1)
        return (self.of_clusters - self.of_all) / scale


def means_of(rows: Rows, clusters: Labels) -> Means:
    """Return the means of each column, from one pass over the samples in parts.

    Args:
        rows: N samples of d numbers.
        clusters: (N,) int64, `NOISE` for noise.
    """
    first = torch.as_tensor(rows[0]).double()  # differences to it keep digits far from zero
    n_clusters = int(clusters.max()) + 1
    total, squares = torch.zeros_like(first), torch.zeros_like(first)
    sums = first.new_zeros(n_clusters + 1, len(first))  # the last row is noise
    n_zeros, is_negative = 0, False
    places = torch.from_numpy(np.where(clusters == NOISE, n_clusters, clusters))
    for part in torch.arange(len(rows)).split(max(1, _VALUES_AT_A_TIME // len(first))):
        values = _values(rows, part)
        n_zeros += int((values == 0).sum())
        is_negative |= bool((values < 0).any())
        values -= first
        total += values.sum(dim=0)
        squares += values.square().sum(dim=0)
        sums.index_add_(0, places[part], values)
    sizes = torch.bincount(places, minlength=n_clusters + 1)[:n_clusters]
    mean = total / len(rows)
    variances = (squares / len(rows) - mean.square()).clamp(min=0)
    return Means(
        sizes.numpy(),
        (first + sums[:n_clusters] / sizes.unsqueeze(1)).numpy(),
        (first + mean).numpy(),
        variances.sqrt().numpy(),
        not is_negative and 2 * n_zeros > len(rows) * len(first),
    )


def write_profile(file: Path, rows: Rows, columns: Sequence[str], clusters: Labels) -> None:
    """Write the columns that distinguish each cluster most, of at most 20, the first one most.

    `difference` is the mean of the column in the cluster minus that of all samples, in standard
    deviations of all samples. Both means are in the units of the data. Columns are ordered by the
    size of the difference. Those of occurrences are ordered by the difference itself, since a term
    that a cluster lacks says less than one that it has.

    Args:
        file: a CSV file.
        rows: N samples of d numbers.
        columns: d names.
        clusters: (N,) int64, `NOISE` for noise.
    """
    with replacing_text(file) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("cluster", "size", "column", "difference", "mean", "mean_of_all"))
        writer.writerows(_rows(means_of(rows, clusters), columns))


def _rows(means: Means, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    differences = means.differences
    ranks = differences if means.are_occurrences else np.abs(differences)
    for cluster in np.flatnonzero(means.sizes):
        for place in np.argsort(-ranks[cluster], kind="stable")[:_COLUMNS]:
            at = cluster, place
            values = differences[at], means.of_clusters[at], means.of_all[place]
            numbers = (f"{value:.6g}" for value in values)
            yield f"{cluster}", f"{means.sizes[cluster]}", columns[place], *numbers


def _values(rows: Rows, part: Tensor) -> Tensor:
    """Return the samples (m, d) at indices (m,) in float64."""
    if isinstance(rows, Tensor):
        return rows[part].double()  # indexing copies
    return torch.stack([torch.as_tensor(rows[index]).double() for index in part.tolist()])
