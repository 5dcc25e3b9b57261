"""Encouraging cluster formation by pulling samples towards the clusters they are assigned to."""

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
from dcrf.mappings.features import extract_features
from dcrf.mappings.mapping import TrainableMapping


class AssignmentReinforcement(DesignPattern):
    """A loss on chosen pairs of a sample and a cluster, weighted pair by pair.

    One choice per axis composes it: how samples and clusters are represented, which pairs count,
    how much, and how a pair's loss is measured. The k-means loss of deep k-means is `l2` on
    `feature_representation` and `centroid` over all pairs with the Gaussian weight;
    self-labeling is `cross_entropy` on `soft_assignments` and `pseudolabel`.

    Losses:
        reinforcement: squared units of the representation (`l2`) or nats (`cross_entropy`) times
            the weight, >= 0; summed over a sample's selected clusters, mean over the samples
            that have any, 0 where none has. Gradient flows through both representations and
            through the weights, never through the selection or a pseudo-label.

    Shapes:
        samples (n, *sample_shape) -> features (n, d), log-assignments (n, k); centroids (k, d).
        Distances are unsquared and always in feature space, thresholds inclusive. A decoder
        takes (k, d) where it decodes centroids.

    Args:
        loss_type: `l2` (squared distance) or `cross_entropy`.
        sample_selection_criterion, cluster_selection_criterion: a pair counts if both say so.
        sample_representation, cluster_representation: what is pulled together. A pseudo-label is
            the one-hot vector of the sample's own most probable cluster.
        sample_cluster_pair_loss_weighting_term: the Gaussian one is the softmax over all
            clusters of -alpha times the squared distance, alpha that of `method_assignment`.
        threshold_on_feature_representation_distance_to_centroid: largest distance that counts.
        threshold_on_soft_assignment_to_cluster: smallest assignment that counts.
        assignment: maps samples to (n, k) log soft assignments.
        method_assignment: the cluster assignment strategy of the method. It provides alpha.
        centroids: needed by every option that speaks of centroids.
        associated_feature_extractor: maps samples to the features that centroids lie among.
        associated_encoder, associated_decoder: reconstruct samples and decode centroids; the
            feature extractor is the encoder where none is given.

    Raises:
        TrainingError: an option needs centroids, and there are none.

    Source: Moradi Fard, Thonet, Gaussier, PRL 2020, https://arxiv.org/abs/1806.10069; Yang et
        al., ICML 2017, https://arxiv.org/abs/1610.04794 (nearest centroid, unit weight).
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
        # the schema demands a mapping where one is used, so these stand-ins are never asked
        self.feature_extractor = associated_feature_extractor or nn.Identity()
        self.encoder = associated_encoder or self.feature_extractor
        self.decoder = associated_decoder or nn.Identity()

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Make sure that there are centroids where they are needed."""
        chosen = {self.clusters_as, self.weight, *self.selections} & OPTIONS_WITH_CENTROIDS
        if chosen and (self.centroids is None or not self.centroids.are_initialized):
            raise TrainingError(
                f"assignment_reinforcement with {sorted(chosen)[0]} needs centroids, and there "
                "are none yet: give the cluster assignment strategy a "
                "centroid_initialization_strategy, and this phase in use_centroids_during_phases"
            )

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted loss of the selected pairs."""
        pairs = _Pairs(self, batch.samples)
        losses = LOSSES[self.loss_type](pairs) * WEIGHTS[self.weight](pairs)
        of_samples, of_clusters = (SELECTIONS[criterion](pairs) for criterion in self.selections)
        return {"reinforcement": mean_over_selected_samples(losses, of_samples & of_clusters)}


class _Pairs:
    """What the options choose from, for one batch; computed when first asked for, then kept."""

    def __init__(self, pattern: AssignmentReinforcement, samples: Tensor) -> None:
        self.pattern, self.samples = pattern, samples

    @property
    def centroids(self) -> Tensor:
        """(k, d)."""
        if self.pattern.centroids is None:
            raise RuntimeError("before_iteration checks for centroids; it has not run")
        return self.pattern.centroids.values

    @cached_property
    def features(self) -> Tensor:
        """(n, d)."""
        return extract_features(self.pattern.feature_extractor, self.samples)

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
        """(n,), each sample's own most probable cluster."""
        return self.log_assignments.argmax(dim=1)

    @property
    def one(self) -> Tensor:
        """A scalar that stands for every pair."""
        return self.samples.new_ones(())


_Part = Callable[[_Pairs], Tensor]

SAMPLES: Mapping[str, _Part] = MappingProxyType(
    {
        "original_sample": lambda p: p.samples,
        "decoder_reconstructed_sample": lambda p: p.pattern.decoder(p.pattern.encoder(p.samples)),
        "feature_representation": lambda p: p.features,
        "soft_assignments": lambda p: p.log_assignments.exp(),
    }
)
"""What stands for a sample, (n, ...)."""

CLUSTERS: Mapping[str, _Part] = MappingProxyType(
    {
        "centroid": lambda p: p.centroids,
        "centroid_processed_by_decoder": lambda p: p.pattern.decoder(p.centroids).flatten(1),
        "pseudolabel": lambda p: (
            one_hot_argmax(p.log_assignments).to(p.log_assignments.dtype).unsqueeze(1)
        ),
    }
)
"""What stands for a cluster: (k, e), or (n, 1, e) where it belongs to the sample."""

SELECTIONS: Mapping[str, _Part] = MappingProxyType(
    {
        "all_samples": lambda p: p.one.bool(),
        "threshold_on_feature_representation_distance_to_centroid": lambda p: (
            p.squared_distances.sqrt() <= p.pattern.largest_distance
        ),
        "threshold_on_soft_assignment_to_cluster": lambda p: (
            p.log_assignments.exp() >= p.pattern.smallest_assignment
        ),
        "all_clusters": lambda p: p.one.bool(),
        "nearest_centroid": lambda p: one_hot_argmax(-p.squared_distances),
        "argmax_of_soft_assignments": lambda p: one_hot_argmax(p.log_assignments),
    }
)
"""Which pairs count: booleans (n, k), or a scalar for all."""

WEIGHTS: Mapping[str, _Part] = MappingProxyType(
    {
        "unit": lambda p: p.one,
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
"""How much a pair counts: (n, k), or a scalar for all."""

LOSSES: Mapping[str, _Part] = MappingProxyType(
    {
        "l2": lambda p: squared_distances(
            SAMPLES[p.pattern.samples_as](p).flatten(1), CLUSTERS[p.pattern.clusters_as](p)
        ),
        "cross_entropy": lambda p: cross_entropy_to_pseudo_labels(
            p.log_assignments, p.pseudo_labels
        ),
    }
)
"""What a pair loses: (n, k), or (n, 1) where it is the same for all of a sample's pairs."""

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
