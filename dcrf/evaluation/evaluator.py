"""Evaluate the clusters of a whole data set. Only this package reads labels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, DatasetPass
from dcrf.errors import DivergedError
from dcrf.evaluation.collapse import FEATURE_SAMPLES, collapse_signs
from dcrf.evaluation.metric_set import MetricSet, NamedMetrics
from dcrf.evaluation.metrics.base import NOISE, Labels
from dcrf.functional.assignments import most_probable_clusters
from dcrf.randomness import random_indices

INTERNAL_SAMPLES = 5000
"""Samples of metrics of features at most. The time of the silhouette grows with their square."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The clusters of all samples of a data set at one moment.

    cluster_sizes: samples in each cluster, without noise; of clustering problems, the number of
        problems that are partitioned into 1, 2, ... clusters.
    noise: number of samples in no cluster.
    scores: metric -> its value. Default metrics against labels are None without labels; undefined
        metrics are absent.
    reassignment_ratio: share of samples whose cluster changed since the previous evaluation, in
        [0, 1]; None for the first one of a phase.
    internal: names of the scores that are computed from features.
    internal_samples: size of the random sub-sample for metrics of features; None without them.
    collapse: current signs of collapse, kind -> sentence.
    deviations: standard deviation (n - 1) of scores over clustering problems, of which the score is
        the mean; empty for data sets of samples.
    """

    n_samples: int
    cluster_sizes: tuple[int, ...]
    scores: Mapping[str, float | None] = field(default_factory=dict)
    reassignment_ratio: float | None = None
    noise: int = 0
    internal: tuple[str, ...] = ()
    internal_samples: int | None = None
    collapse: Mapping[str, str] = field(default_factory=dict)
    deviations: Mapping[str, float] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return plain values: scores against labels as fields, the others in `internal`.

        `noise` is absent if it is 0, and `internal_samples` if it is None.
        """
        noise = {"noise": self.noise} if self.noise else {}
        samples = {"internal_samples": self.internal_samples}
        return {
            "n_samples": self.n_samples,
            "cluster_sizes": self.cluster_sizes,
            **noise,
            **{name: score for name, score in self.scores.items() if name not in self.internal},
            "reassignment_ratio": self.reassignment_ratio,
            "internal": {name: self.scores[name] for name in self.internal},
            **(samples if self.internal_samples is not None else {}),
            **({"deviations": dict(self.deviations)} if self.deviations else {}),
            "collapse": dict(self.collapse),
        }


class LastClusters:
    """The clusters of the last evaluation of a phase, None before it."""

    clusters: Labels | None = None

    def start_phase(self) -> None:
        """Forget the previous clusters, since a phase may form new ones."""
        self.clusters = None

    def state_dict(self) -> dict[str, Tensor | None]:
        """Return the clusters of the last evaluation."""
        return {"clusters": None if self.clusters is None else torch.from_numpy(self.clusters)}

    def load_state_dict(self, state: Mapping[str, Tensor | None]) -> None:
        """Restore `state_dict`'s result."""
        clusters = state["clusters"]
        self.clusters = None if clusters is None else clusters.cpu().numpy()


class Evaluator(LastClusters):
    """Evaluates an assignment on a data set.

    Labels of a single class count as missing: every clustering would reach the ACC of its largest
    cluster and an NMI of 0.

    Args:
        assignment: maps samples to log-assignments.
        labels: returns the labels (n,), or None without labels.
        metrics: of every evaluation.

    clusters: (n,) of the last evaluation of the phase, None before it.
    """

    def __init__(
        self, assignment: Assignment, labels: Callable[[], Labels | None], metrics: MetricSet
    ) -> None:
        self.assignment, self.metrics = assignment, metrics
        self._labels = labels

    @property
    def has_labels(self) -> bool:
        """Whether the data set has labels of at least two classes."""
        return self._classes() is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about metrics that this data set cannot have."""
        left_out = self.metrics.left_out()
        if not left_out or self.has_labels:
            return ()
        names = ", ".join(left_out)
        return (f"has no labels of two or more classes, so these metrics are left out: {names}",)

    def why_not_ready(self) -> str | None:
        """Return why samples cannot be assigned yet, None if they can."""
        return self.assignment.why_not_ready()

    def evaluate(self, data_pass: DatasetPass) -> Evaluation:
        """Assign every sample, and score the clusters.

        Raises:
            DivergedError: an assignment is NaN.
        """
        clusters, sizes = self._clusters(data_pass, self.assignment)
        labels = self._classes()
        previous, self.clusters = self.clusters, clusters
        return Evaluation(
            n_samples=len(clusters),
            cluster_sizes=sizes,
            noise=len(clusters) - sum(sizes),
            reassignment_ratio=None if previous is None else float((previous != clusters).mean()),
            collapse=self._collapse(data_pass, sizes),
            **self._scores(data_pass, labels, clusters),
        )

    def _classes(self) -> Labels | None:
        """Return the labels, or None if they are missing or of a single class."""
        labels = self._labels()
        return None if labels is None or (labels == labels[0]).all() else labels

    def _collapse(self, data_pass: DatasetPass, sizes: tuple[int, ...]) -> dict[str, str]:
        # while a temperature falls, centers coincide until their clusters part
        centers = None if self.assignment.is_annealing else self.assignment.cluster_centers()
        features = self._features(data_pass, random_indices(data_pass.n_samples, FEATURE_SAMPLES))
        return collapse_signs(
            sizes, features, None if centers is None else centers.detach().float().cpu().numpy()
        )

    def _scores(
        self, data_pass: DatasetPass, labels: Labels | None, clusters: Labels
    ) -> dict[str, Any]:
        """Return the fields of an evaluation that hold scores."""
        scores: dict[str, float | None] = dict.fromkeys(self.metrics.unscored)
        if labels is not None:
            scores = {**measured(self.metrics.of_labels, labels, clusters)}
        metrics = self.metrics.of_features(has_labels=labels is not None)
        if not metrics:
            return {"scores": scores}
        indices = random_indices(len(clusters), INTERNAL_SAMPLES)
        internal = measured(metrics, self._features(data_pass, indices), clusters[indices])
        return {
            "scores": {**scores, **internal},
            "internal": tuple(internal),
            "internal_samples": len(indices),
        }

    def _features(self, data_pass: DatasetPass, indices: NDArray[np.int64]) -> NDArray[np.floating]:
        """Return the features (m, d) in which clusters are formed, of samples at (m,) indices."""
        features = data_pass(
            lambda batch: self.assignment.features(batch.samples), torch.from_numpy(indices)
        )
        return features.float().cpu().numpy()

    def score_candidates(self, data_pass: DatasetPass) -> None:
        """Let the scores of classifiers by labels decide on assignments from now on."""
        labels = self._classes()
        if labels is None:
            return
        scores = {
            name: measured(self.metrics.of_labels, labels, self._clusters(data_pass, candidate)[0])
            for name, candidate in self.assignment.candidates().items()
        }
        if scores:
            self.assignment.record_scores(scores)

    def _clusters(
        self, data_pass: DatasetPass, assignment: Assignment
    ) -> tuple[Labels, tuple[int, ...]]:
        n_clusters = 0

        def assign(batch: Batch) -> Tensor:
            nonlocal n_clusters
            log_assignments = assignment(batch.samples)
            if log_assignments.isnan().any():
                raise DivergedError("cluster assignments are NaN")
            n_clusters = log_assignments.shape[1]
            return most_probable_clusters(log_assignments)

        clusters = data_pass(assign).cpu()
        sizes = torch.bincount(clusters[clusters != NOISE], minlength=n_clusters)
        return clusters.numpy(), tuple(sizes.tolist())


def measured(metrics: NamedMetrics, known: NDArray, clusters: Labels) -> dict[str, float]:
    """Return metric -> its value, without the undefined ones.

    Args:
        metrics: name -> metric.
        known: labels (n,) or features (n, d), as the metrics need.
        clusters: (n,) of the same samples.
    """
    values = {name: metric(known, clusters) for name, metric in metrics.items()}
    return {name: value for name, value in values.items() if value is not None}
