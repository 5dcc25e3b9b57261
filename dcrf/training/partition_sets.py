"""Partition sets of objects for every number of clusters."""

import numpy as np
from torch import Tensor

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import Batch, DatasetPass
from dcrf.errors import DivergedError
from dcrf.evaluation.metric_set import NamedMetrics
from dcrf.evaluation.metrics.base import Labels
from dcrf.pictures.partitioned_set import PartitionedSet


def partition_sets(
    assignment: SetAssignment,
    data_pass: DatasetPass,
    indices: Tensor,
    known: Labels | None,
    metrics: NamedMetrics,
) -> list[PartitionedSet]:
    """Partition sets for every number of clusters.

    Args:
        assignment: partitions them.
        data_pass: over a data set of problems.
        indices: (m,) int64, numbers of the problems.
        known: (m, n) their known partitions, -1 where no object is; None without any.
        metrics: against labels, for known partitions.

    Raises:
        DivergedError: a probability is NaN.
    """

    def partitions_of(batch: Batch) -> Tensor:
        log_probabilities = assignment.index_log_probabilities(batch.samples)
        if log_probabilities.isnan().any():
            raise DivergedError("cluster assignments are NaN")
        return log_probabilities.argmax(dim=3).transpose(1, 2)

    def probabilities_of(batch: Batch) -> Tensor:
        return assignment.count_log_probabilities(batch.samples).double().exp()

    objects = data_pass(lambda batch: batch.samples, indices).cpu().numpy()
    partitions = data_pass(partitions_of, indices).cpu().numpy()
    probabilities = data_pass(probabilities_of, indices).cpu().numpy()
    if np.isnan(probabilities).any():
        raise DivergedError("probabilities of the numbers of clusters are NaN")
    sets = []
    for place in range(len(indices)):
        own, labels = partitions[place], None
        if known is not None:
            is_present = known[place] >= 0
            own, labels = own[:, is_present], known[place][is_present]
        n_objects = own.shape[1]
        sets.append(
            PartitionedSet(
                objects[place, :n_objects],  # those that fill up a set come last
                labels,
                int(probabilities[place].argmax()) + 1,
                probabilities[place],
                own,
                {} if labels is None else _scores(metrics, labels, own),
            )
        )
    return sets


def _scores(
    metrics: NamedMetrics, known: Labels, partitions: Labels
) -> dict[str, tuple[float | None, ...]]:
    return {
        name: tuple(metric(known, clusters) for clusters in partitions)
        for name, metric in metrics.items()
    }
