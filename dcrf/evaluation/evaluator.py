"""Looks at the clusters of a whole data set: the only reader of labels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, DatasetPass
from dcrf.errors import DivergedError
from dcrf.evaluation.collapse import FEATURE_SAMPLES, signs
from dcrf.evaluation.metrics import SEPARATION_SAMPLES, agreement, evenly_spaced, separation

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Clusters of all samples of a data set, looked at once.

    acc, nmi, ari: against the labels; None where there are none.
    reassignment_ratio: share of samples whose cluster changed since the evaluation before, in
        [0, 1]; None for the first one of a phase.
    internal: metrics without labels, only where there are no labels.
    collapse: what looks collapsed at this moment, kind -> sentence.
    """

    n_samples: int
    cluster_sizes: tuple[int, ...]
    acc: float | None = None
    nmi: float | None = None
    ari: float | None = None
    reassignment_ratio: float | None = None
    internal: Mapping[str, float] = field(default_factory=dict)
    collapse: Mapping[str, str] = field(default_factory=dict)


class Evaluator:
    """Evaluates an assignment on a data set.

    Args:
        assignment: maps samples to log-assignments.
        labels: returns the labels (n,), or None where there are none.

    clusters: (n,) of the last evaluation of the phase, None before it.
    """

    def __init__(self, assignment: Assignment, labels: Callable[[], Labels | None]) -> None:
        self.assignment = assignment
        self._labels = labels
        self.clusters: Labels | None = None

    @property
    def has_labels(self) -> bool:
        """Whether the data set has labels."""
        return self._labels() is not None

    def start_phase(self) -> None:
        """Forget the clusters before, since a phase may have formed new ones."""
        self.clusters = None

    def state_dict(self) -> dict[str, Tensor | None]:
        """Return the clusters of the last evaluation."""
        return {"clusters": None if self.clusters is None else torch.from_numpy(self.clusters)}

    def load_state_dict(self, state: Mapping[str, Tensor | None]) -> None:
        """Take over what `state_dict` returned."""
        clusters = state["clusters"]
        self.clusters = None if clusters is None else clusters.cpu().numpy()

    def evaluate(self, data_pass: DatasetPass) -> Evaluation:
        """Assign every sample and compare.

        Raises:
            DivergedError: an assignment is not a number.
        """
        clusters, sizes = self._clusters(data_pass, self.assignment)
        labels = self._labels()
        if labels is not None:
            self._score_candidates(data_pass, labels)
        previous, self.clusters = self.clusters, clusters
        return Evaluation(
            n_samples=len(clusters),
            cluster_sizes=sizes,
            reassignment_ratio=None if previous is None else float((previous != clusters).mean()),
            collapse=self._collapse(data_pass, sizes),
            **self._quality(data_pass, labels, clusters),
        )

    def _collapse(self, data_pass: DatasetPass, sizes: tuple[int, ...]) -> dict[str, str]:
        # while a temperature falls, centers lie on one another until their clusters part
        centers = None if self.assignment.is_annealing else self.assignment.cluster_centers()
        features = self._features(data_pass, evenly_spaced(data_pass.n_samples, FEATURE_SAMPLES))
        return signs(sizes, features, None if centers is None else centers.float().cpu().numpy())

    def _quality(self, data_pass: DatasetPass, labels: Labels | None, clusters: Labels) -> dict:
        if labels is not None:
            return agreement(labels, clusters)
        some = evenly_spaced(len(clusters), SEPARATION_SAMPLES)
        return {"internal": separation(self._features(data_pass, some), clusters[some])}

    def _features(self, data_pass: DatasetPass, some: NDArray[np.integer]) -> NDArray[np.floating]:
        """Return what clusters are formed in, (m, d), of the samples at (m,) indices."""
        features = data_pass(
            lambda batch: self.assignment.features(batch.samples), torch.from_numpy(some)
        )
        return features.float().cpu().numpy()

    def _score_candidates(self, data_pass: DatasetPass, labels: Labels) -> None:
        candidates = self.assignment.candidates()
        scores = {
            n: agreement(labels, self._clusters(data_pass, m)[0]) for n, m in candidates.items()
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
                raise DivergedError("cluster assignments are not numbers")
            n_clusters = log_assignments.shape[1]
            return log_assignments.argmax(1)

        clusters = data_pass(assign).cpu()
        sizes = torch.bincount(clusters, minlength=n_clusters)
        return clusters.numpy(), tuple(sizes.tolist())
