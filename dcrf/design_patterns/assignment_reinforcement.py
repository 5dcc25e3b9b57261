"""Encouraging cluster formation by pulling samples toward their assigned clusters."""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import Centroids
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import TrainingError
from dcrf.functional.assignments import gaussian_log_assignments, squared_distances
from dcrf.functional.reinforcement import (
    cross_entropy_to_pseudo_labels,
    mean_over_selected_samples,
    one_hot_argmax,
    safe_sqrt,
)
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping


class AssignmentReinforcement(DesignPattern):
    """A weighted loss on selected pairs of a sample and a cluster.

    The options compose it: the representations of samples and clusters, the selection of pairs,
    their weights and the loss of a pair. Four known compositions:

    - deep k-means: `l2`, `feature_representation`, `centroid`, all pairs, the Gaussian weight;
    - DCN: `l2`, `feature_representation`, `centroid`, `nearest_centroid`, weight 1. Its factor
      1/2 belongs in `loss_weight`;
    - k-means loss of the taxonomy's case study: the same with `distance`;
    - self-labeling: `cross_entropy`, `soft_assignments`, `pseudolabel`.

    Formula:
        L = 1/m sum_i sum_j w_ij l_ij over the selected pairs, of m samples
        l_ij = |r_i - c_j|^2 (l2), |r_i - c_j| (distance), or -log q_ij (cross_entropy)

    Losses:
        reinforcement: squared units of the representation (`l2`), its units (`distance`) or nats
            (`cross_entropy`), times the weight, >= 0. It is summed over the selected clusters of a
            sample and averaged over the samples with a selected cluster; 0 if no pair is selected.
            Gradient flows through both representations and the weights, never through the selection
            or a pseudo-label.

    Shapes:
        samples (n, *sample_shape) -> features (n, d), log-assignments (n, k); centroids (k, d).
        Thresholds are inclusive. Thresholds and weights use unsquared distances in feature space.
        A decoder receives features (n, d) or centroids (k, d).

    Args:
        loss_type: `l2` (squared distance), `distance` or `cross_entropy`.
        sample_selection_criterion, cluster_selection_criterion: a pair is selected by both.
        sample_representation, cluster_representation: the two sides of a distance. A
            pseudo-label is the one-hot vector of the sample's most probable cluster.
        sample_cluster_pair_loss_weighting_term: the Gaussian weight is the softmax over all
            clusters of -alpha times the squared distance, with alpha of `method_assignment`.
        threshold_on_feature_representation_distance_to_centroid: largest selected distance.
        threshold_on_soft_assignment_to_cluster: smallest selected assignment, in [0, 1].
        assignment: maps samples to (n, k) log soft assignments.
        method_assignment: the cluster assignment strategy of the method; it defines alpha.
        centroids: (k, d), read by every option that names centroids.
        associated_feature_extractor: maps samples to the feature space of the centroids.
        associated_encoder, associated_decoder: reconstruct samples and decode centroids. The
            encoder defaults to the feature extractor.

    Raises:
        TrainingError: an option reads centroids that are not initialized.

    Source: Moradi Fard, Thonet, Gaussier, PRL 2020, https://arxiv.org/abs/1806.10069; Yang et
        al., ICML 2017, https://arxiv.org/abs/1610.04794 (DCN); Aljalbout et al. 2018,
        https://arxiv.org/abs/1801.07648 (`distance`).
    """

    loss_names = ("reinforcement",)

    def __init__(
        self,
        *,
        loss_type: str,
        sample_selection_criterion: str,
        cluster_selection_criterion: str,
        sample_representation: str,
        cluster_representation: str,
        sample_cluster_pair_loss_weighting_term: str,
        assignment: Assignment,
        method_assignment: Assignment,
        centroids: Centroids | None,
        threshold_on_feature_representation_distance_to_centroid: float = math.inf,
        threshold_on_soft_assignment_to_cluster: float = 0.0,
        associated_feature_extractor: TrainableMapping | None = None,
        associated_encoder: TrainableMapping | None = None,
        associated_decoder: TrainableMapping | None = None,
    ) -> None:
        super().__init__()
        self.samples_as, self.clusters_as = sample_representation, cluster_representation
        self.loss_type, self.weight = loss_type, sample_cluster_pair_loss_weighting_term
        self.selections = (sample_selection_criterion, cluster_selection_criterion)
        self.largest_distance = threshold_on_feature_representation_distance_to_centroid
        self.smallest_assignment = threshold_on_soft_assignment_to_cluster
        self.assignment, self.method_assignment = assignment, method_assignment
        self.centroids = centroids
        # the schema requires the mappings that an option uses, so these defaults never run
        extractor = associated_feature_extractor or TrainableMapping([nn.Identity()])
        self.feature_module = Features(extractor)
        self.encoder = associated_encoder or extractor
        self.decoder = associated_decoder or nn.Identity()

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Check that the centroids are initialized if an option reads them."""
        options = {self.clusters_as, self.weight, *self.selections} & OPTIONS_WITH_CENTROIDS
        if options and (self.centroids is None or not self.centroids.are_initialized):
            raise TrainingError(
                f"assignment_reinforcement with {sorted(options)[0]} needs centroids, which are "
                "not initialized: add a centroid_initialization_strategy to the cluster assignment "
                "strategy, and this phase to use_centroids_during_phases"
            )

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted loss of the selected pairs."""
        pairs = _Pairs(self, batch.samples)
        losses = LOSSES[self.loss_type](pairs) * WEIGHTS[self.weight](pairs)
        by_sample, by_cluster = (SELECTIONS[criterion](pairs) for criterion in self.selections)
        return {"reinforcement": mean_over_selected_samples(losses, by_sample & by_cluster)}


class _Pairs:
    """Tensors of one batch that the options read, each computed once and on demand."""

    def __init__(self, pattern: AssignmentReinforcement, samples: Tensor) -> None:
        self.pattern, self.samples = pattern, samples

    @property
    def centroids(self) -> Tensor:
        """(k, d)."""
        if self.pattern.centroids is None:
            raise RuntimeError("before_iteration has not been called: it checks the centroids")
        return self.pattern.centroids.values

    @cached_property
    def features(self) -> Tensor:
        """(n, d)."""
        return self.pattern.feature_module(self.samples)

    @cached_property
    def squared_distances(self) -> Tensor:
        """(n, k), in feature space."""
        return squared_distances(self.features, self.centroids)

    @cached_property
    def log_assignments(self) -> Tensor:
        """(n, k)."""
        return self.pattern.assignment(self.samples)

    @property
    def pseudo_labels(self) -> Tensor:
        """(n,), the most probable cluster of each sample."""
        return self.log_assignments.argmax(dim=1)

    @property
    def one_for_all(self) -> Tensor:
        """A scalar 1 that broadcasts to all pairs."""
        return self.samples.new_ones(())


_Option = Callable[[_Pairs], Tensor]

SAMPLES: Mapping[str, _Option] = MappingProxyType(
    {
        "original_sample": lambda p: p.samples,
        "decoder_reconstructed_sample": lambda p: p.pattern.decoder(p.pattern.encoder(p.samples)),
        "feature_representation": lambda p: p.features,
        "soft_assignments": lambda p: p.log_assignments.exp(),
    }
)
"""Option -> representation of the samples, (n, ...)."""

CLUSTERS: Mapping[str, _Option] = MappingProxyType(
    {
        "centroid": lambda p: p.centroids,
        "centroid_processed_by_decoder": lambda p: p.pattern.decoder(p.centroids).flatten(1),
        "pseudolabel": lambda p: (
            one_hot_argmax(p.log_assignments).to(p.log_assignments.dtype).unsqueeze(1)
        ),
    }
)
"""Option -> representation of the clusters: (k, e), or (n, 1, e) for a vector per sample."""

SELECTIONS: Mapping[str, _Option] = MappingProxyType(
    {
        "all_samples": lambda p: p.one_for_all.bool(),
        "threshold_on_feature_representation_distance_to_centroid": lambda p: (
            p.squared_distances.sqrt() <= p.pattern.largest_distance
        ),
        "threshold_on_soft_assignment_to_cluster": lambda p: (
            p.log_assignments.exp() >= p.pattern.smallest_assignment
        ),
        "all_clusters": lambda p: p.one_for_all.bool(),
        "nearest_centroid": lambda p: one_hot_argmax(-p.squared_distances),
        "argmax_of_soft_assignments": lambda p: one_hot_argmax(p.log_assignments),
    }
)
"""Option -> selected pairs: booleans (n, k), or a scalar for all."""

WEIGHTS: Mapping[str, _Option] = MappingProxyType(
    {
        "unit": lambda p: p.one_for_all,
        "l2_distance_of_feature_representation_to_centroid": lambda p: safe_sqrt(
            p.squared_distances
        ),
        "gaussian_kernel_based_similarity_of_feature_representation_to_centroid": lambda p: (
            gaussian_log_assignments(
                p.features, p.centroids, p.pattern.method_assignment.inverse_temperature
            ).exp()
        ),
        "soft_assignment_of_sample_to_cluster": lambda p: p.log_assignments.exp(),
    }
)
"""Option -> weights of the pairs: (n, k), or a scalar for all."""


def _squared_distances(pairs: _Pairs) -> Tensor:
    samples, clusters = SAMPLES[pairs.pattern.samples_as], CLUSTERS[pairs.pattern.clusters_as]
    return squared_distances(samples(pairs).flatten(1), clusters(pairs))


LOSSES: Mapping[str, _Option] = MappingProxyType(
    {
        "l2": _squared_distances,
        "distance": lambda p: safe_sqrt(_squared_distances(p)),
        "cross_entropy": lambda p: cross_entropy_to_pseudo_labels(
            p.log_assignments, p.pseudo_labels
        ),
    }
)
"""Option -> losses of the pairs: (n, k), or (n, 1) if all pairs of a sample have the same."""

OPTIONS_WITH_CENTROIDS = frozenset(
    {
        "centroid",
        "centroid_processed_by_decoder",
        "nearest_centroid",
        "threshold_on_feature_representation_distance_to_centroid",
        "l2_distance_of_feature_representation_to_centroid",
        "gaussian_kernel_based_similarity_of_feature_representation_to_centroid",
    }
)
"""Options that read centroids."""
