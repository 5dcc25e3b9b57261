"""Evaluate partitions of sets against known ones."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import Batch, DatasetPass
from dcrf.errors import DivergedError
from dcrf.evaluation.evaluator import Evaluation, LastClusters
from dcrf.evaluation.metric_set import MetricSet
from dcrf.evaluation.metrics.base import Labels


class ProblemEvaluator(LastClusters):
    """Evaluates a strategy that partitions sets on clustering problems.

    Every metric is computed for each problem.

    Args:
        assignment: partitions sets.
        partitions: returns the known partitions (N, n) of all problems; -1 where no object is.
        metrics: of every evaluation; those of features are left out.

    clusters: (N, n) of the last evaluation, -1 where no object is; None before it.
    """

    has_labels = True

    def __init__(
        self, assignment: SetAssignment, partitions: Callable[[], Labels | None], metrics: MetricSet
    ) -> None:
        self.assignment, self.metrics, self._partitions = assignment, metrics, partitions

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about metrics that clustering problems cannot have."""
        left_out = [*self.metrics.of_features(has_labels=True)]
        if not left_out:
            return ()
        return (f"has no features for these metrics, which are left out: {', '.join(left_out)}",)

    def why_not_ready(self) -> str | None:
        """Return None: sets can always be partitioned."""
        return None

    def evaluate(self, data_pass: DatasetPass) -> Evaluation:
        """Partition every set, and score the partitions.

        Raises:
            DivergedError: a probability is NaN.
        """
        partitions = self._partitions()
        if partitions is None:
            raise RuntimeError("clustering problems have known partitions")
        rows = data_pass(self._partition).cpu().numpy()
        n_clusters, clusters = rows[:, 0], np.where(partitions < 0, -1, rows[:, 1:])
        previous, self.clusters = self.clusters, clusters
        scores = self.scores_of_problems(partitions, clusters)
        counts = np.bincount(n_clusters, minlength=self.assignment.n_clusters + 1)
        return Evaluation(
            n_samples=len(clusters),
            cluster_sizes=tuple(counts[1:].tolist()),
            scores={name: float(values.mean()) for name, values in scores.items()},
            deviations={name: _deviation(values) for name, values in scores.items()},
            reassignment_ratio=_changed(previous, clusters),
        )

    def score_candidates(self, data_pass: DatasetPass) -> None:
        """Do nothing: no parts of the assignment are chosen by scores."""

    def scores_of_problems(
        self, partitions: Labels, clusters: Labels
    ) -> dict[str, NDArray[np.float64]]:
        """Return metric -> its values (N,) for each problem.

        Args:
            partitions: (N, n), the known ones; -1 where no object is.
            clusters: (N, n), the predicted ones.
        """
        pairs = [
            (partition[partition >= 0], predicted[partition >= 0])
            for partition, predicted in zip(partitions, clusters, strict=True)
        ]
        return {
            name: np.array([metric(*pair) for pair in pairs], np.float64)
            for name, metric in self.metrics.of_labels.items()
        }

    def _partition(self, batch: Batch) -> Tensor:
        """Return (b, 1 + n) int64: the number of clusters of each set, and its partition."""
        log_counts = self.assignment.count_log_probabilities(batch.samples)
        n_clusters = log_counts.argmax(dim=1) + 1
        log_assignments = self.assignment.given(batch.samples, n_clusters)
        if log_counts.isnan().any() or log_assignments.isnan().any():
            raise DivergedError("cluster assignments are NaN")
        return torch.cat([n_clusters.unsqueeze(1), log_assignments.argmax(dim=2)], dim=1)


def _deviation(values: NDArray[np.float64]) -> float:
    """Return the standard deviation (n - 1); 0 of a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _changed(previous: Labels | None, clusters: Labels) -> float | None:
    """Return the share of sets whose partition has changed, whatever the numbers of clusters."""
    if previous is None:
        return None
    return float((previous != clusters).any(axis=1).mean())
