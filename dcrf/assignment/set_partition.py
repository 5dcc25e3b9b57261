"""Partitioning sets of objects by a network (learning to cluster)."""

import torch
from torch import Tensor

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.errors import OutputShapeError
from dcrf.functional.set_partitions import index_log_probabilities
from dcrf.mappings.mapping import TrainableMapping


class SetPartition(SetAssignment):
    """Partitions each set of objects: the number of clusters k, and the cluster of every object.

    One mapping gives a distribution over k from 1 to K, the `num_clusters` of the data set; another
    one gives, for every k, a distribution over k clusters for each object. The partition of a set
    is that of the most probable k, each object in its most probable cluster. Clusters have numbers
    within their set only.

    Formula:
        k = argmax_m P(m | set), and c(i) = argmax_l P(l | i, k)

    Args:
        count: maps sets (b, n, *object_shape) to logits (b, K); a final softmax is left out.
        index: maps sets to logits (b, n, 1 + 2 + ... + K): for each object one logit for k = 1, two
            for k = 2, and so on.
        n_clusters: K.

    Raises:
        OutputShapeError: a mapping has an output of another shape.

    Source: Meier, Elezi, Amirian, Duerr & Stadelmann, ANNPR 2018, https://arxiv.org/abs/1807.04001.
    """

    def __init__(
        self, *, count: TrainableMapping, index: TrainableMapping, n_clusters: int
    ) -> None:
        super().__init__()
        self._mappings = (count, index)  # a tuple: the parameters belong to the mappings
        self.n_clusters = n_clusters

    def count_log_probabilities(self, sets: Tensor) -> Tensor:
        """Return (b, K): log P(k) for k from 1 to K."""
        count, _ = self._mappings
        log_probabilities = count.log_probabilities(sets)
        expected = (len(sets), self.n_clusters)
        self._check(count, log_probabilities, expected, "logits of a set", "num_clusters")
        return log_probabilities

    def index_log_probabilities(self, sets: Tensor) -> Tensor:
        """Return (b, n, K, K): [.., k - 1, l] is log P(l | x, k), minus infinity for l >= k."""
        _, index = self._mappings
        logits = index(sets)
        width = self.n_clusters * (self.n_clusters + 1) // 2
        expected = (*sets.shape[:2], width)
        self._check(index, logits, expected, "logits of an object", "1 + 2 + ... + num_clusters")
        return index_log_probabilities(logits)

    def _check(
        self,
        mapping: TrainableMapping,
        outputs: Tensor,
        expected: tuple[int, ...],
        noun: str,
        key: str,
    ) -> None:
        if outputs.shape != torch.Size(expected):
            raise OutputShapeError(
                mapping,
                f"the {noun} are as many as {key}, {expected[-1]}: the output must have shape "
                f"{expected}, not {tuple(outputs.shape)}",
            )
