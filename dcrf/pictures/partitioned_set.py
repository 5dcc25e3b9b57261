"""Sets of objects with their partitions for every number of clusters."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class PartitionedSet:
    """A set of n objects with its partition for every number of clusters k from 1 to K.

    objects: (n, *object_shape) float32, as the method reads them.
    known: (n,) the known partition; None if there is none.
    n_clusters: the number of clusters of its partition: the most probable or a given one.
    probabilities: (K,) of the numbers of clusters.
    partitions: (K, n) int64, row k - 1 for k clusters.
    scores: metric -> its values (K,) for the partitions, None where it is undefined; empty without
        a known partition.
    """

    objects: NDArray[np.float32]
    known: Labels | None
    n_clusters: int
    probabilities: NDArray[np.float64]
    partitions: Labels
    scores: Mapping[str, tuple[float | None, ...]]

    @property
    def clusters(self) -> Labels:
        """The partition (n,) into `n_clusters` clusters."""
        return self.partitions[self.n_clusters - 1]

    @property
    def known_n_clusters(self) -> int | None:
        """The known number of clusters, if there is one."""
        return None if self.known is None else len(np.unique(self.known))
