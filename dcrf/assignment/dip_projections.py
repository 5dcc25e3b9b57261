"""Assigning samples by votes on projections that separate two clusters each (DipEncoder)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.batch import DatasetPass, Place
from dcrf.clusterings.base import Clustering, all_rows, centers_of
from dcrf.functional.assignments import hard_log_assignments, most_probable_clusters
from dcrf.functional.dip_projections import (
    Thresholds,
    pairs_of,
    separating_thresholds,
    votes_of_pairs,
)
from dcrf.mappings.features import Features
from dcrf.randomness import RandomStreams
from dcrf.storage.sized_later import SizedLater


class DipProjections(Assignment):
    """Hard assignments by votes: each pair of clusters has a projection axis and a threshold.

    A sample gets the cluster with the most votes, the first of equal ones. Axes are the trainable
    parameters of the part `assignment`. They start as differences of cluster centers. The pattern
    `dip_separation` makes the clusters of a pair multimodal on their axis and moves thresholds.

    Formula:
        c(i) = argmax_m of the number of clusters n with z_i on m's side of the axis mn

    Args:
        features: maps samples to features (n, d).
        n_clusters: k, at least 2.
        clustering: of the features, for the first axes and thresholds.
        use_projections_during_phases: names of the phases that use the axes, which are initialized
            when the first of them starts.
        streams: of the run.

    Source: Leiber, Bauer, Neumayr, Plant, Boehm, KDD 2022, DOI 10.1145/3534678.3539407.
    """

    def __init__(
        self,
        *,
        features: Features,
        n_clusters: int,
        clustering: Clustering,
        use_projections_during_phases: Sequence[str],
        streams: RandomStreams,
    ) -> None:
        super().__init__()
        self.feature_module, self.n_clusters = features, n_clusters
        self.clustering, self.streams = clustering, streams
        self.phases = frozenset(use_projections_during_phases)
        self.projections = _Projections(len(pairs_of(n_clusters)))

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k): 0 for the cluster with the most votes, minus infinity for others."""
        self.check_ready()
        features = self.features(samples)
        return hard_log_assignments(self.clusters_of(features), self.n_clusters).to(features.dtype)

    def clusters_of(self, features: Tensor) -> Tensor:
        """Return the clusters (n,) of features (n, d)."""
        own = self.projections
        votes = votes_of_pairs(features @ own.axes.detach().T, own.thresholds, self.n_clusters)
        return votes.argmax(dim=1)

    def move_thresholds(self, features: Tensor, clusters: Tensor) -> None:
        """Move the thresholds between the clusters (n,) of features (n, d) of the data set."""
        own = self.projections
        own.set_thresholds(
            separating_thresholds(features, clusters, own.axes.detach(), self.n_clusters)
        )

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.projections.axes.shape[1]:
            return None
        return "the axes are not initialized yet (see use_projections_during_phases)"

    def owned(self) -> nn.Module:
        """Return axes and thresholds, and the statistics of standardized features."""
        return self.feature_module.with_statistics("projections", self.projections)

    def before_phase(self, place: Place, data_pass: DatasetPass) -> None:
        """Initialize axes and thresholds, if this is the first phase that uses them."""
        if place.phase not in self.phases:
            return
        if self.projections.axes.shape[1]:
            self.feature_module.measure_once(data_pass)  # for axes that a file has set
            return
        rows = self.feature_module.rows(data_pass)
        generator = self.streams.generator("dip_projections", place.dataset)
        fitted = self.clustering.fit(rows, self.n_clusters, generator)
        centers = centers_of(fitted, rows, self.n_clusters)
        first, second = pairs_of(self.n_clusters).to(centers.device).T
        self.projections.set_axes(centers[first] - centers[second])
        if not centers.is_meta:
            features = all_rows(rows)
            clusters = most_probable_clusters(fitted.log_assignments(features))
            self.move_thresholds(features, clusters)


class _Projections(SizedLater):
    """The axes and thresholds of p pairs of clusters: of width 0 until they are initialized.

    axes: (p, d).
    values, is_first_below, can_vote: (p,), as in `Thresholds`.
    """

    values: Tensor
    is_first_below: Tensor
    can_vote: Tensor

    def __init__(self, n_pairs: int) -> None:
        super().__init__()
        self.axes = nn.Parameter(torch.empty(n_pairs, 0))
        self.register_buffer("values", torch.zeros(n_pairs))
        self.register_buffer("is_first_below", torch.zeros(n_pairs, dtype=torch.bool))
        self.register_buffer("can_vote", torch.zeros(n_pairs, dtype=torch.bool))

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds of the pairs."""
        return Thresholds(self.values, self.is_first_below, self.can_vote)

    def set_axes(self, axes: Tensor) -> None:
        """Copy axes (p, d) into the parameter."""
        self.axes.data = axes.detach().clone().to(self.axes)

    def set_thresholds(self, thresholds: Thresholds) -> None:
        """Copy thresholds into the buffers."""
        self.values = thresholds.values.to(self.values)
        self.is_first_below, self.can_vote = thresholds.is_first_below, thresholds.can_vote
