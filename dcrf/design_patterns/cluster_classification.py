"""Encouraging cluster formation by classifying samples by their clusters (DeepCluster, CCNN)."""

from torch import Generator, Tensor

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.clusterings.base import (
    Clustering,
    Fitted,
    NearestCenter,
    continued_numbers,
    means_of_members,
)
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import ClusteringError, OptionError, OutputShapeError, TooFewSamplesError
from dcrf.functional.assignments import most_probable_clusters
from dcrf.functional.pseudo_labels import pseudo_label_cross_entropy
from dcrf.mappings.features import Features
from dcrf.mappings.late_buffers import LateBuffers
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import draw_seed, global_seed


class ClusterClassification(LateBuffers, DesignPattern):
    """A head learns the clusters that a clustering forms of the features at intervals.

    Unless the head is initialized anew, clusters keep their numbers over all clusterings. Each
    continues a cluster of the previous one, such that most samples keep their pseudo-labels.

    Formula:
        L = -1/n sum_i log p_i,y(i), with the cluster y(i) of the features of sample i
        balanced: the mean over clusters of the means over their samples

    Losses:
        cross_entropy: nats, >= 0, the mean over samples, or over clusters if they are balanced.
            Gradient flows into the head and, through its prior mappings, the feature extractor.

    Shapes:
        default view of the whole data set (N, *sample_shape) -> features (N, d), in evaluation mode
        -> pseudo-labels (N,), which a checkpoint keeps; samples (n, *sample_shape) -> the head's
        log-probabilities (n, m) of the m pseudo-labels.

    Args:
        classification_head: maps samples to m logits; the softmax of a classifier is left out.
            Usually its prior mapping is the feature extractor.
        associated_feature_extractor: maps samples to the features that are clustered.
        clustering: forms the clusters.
        pseudo_label_recalculation_interval: iterations between two clusterings. The first one
            precedes the first iteration.
        n_clusters: k of the data set.
        num_pseudo_labels: m, the number of clusters to form; None for k.
        balance_clusters: whether each cluster of a batch has the same weight, as if samples were
            drawn from all clusters alike.
        reinitialize_head: whether the head's layers get new parameters, by torch's default
            initialization, with each clustering but the first. Optimizers keep their moments.
        move_clusters: whether clusters stay once they are formed, and follow the features: the
            center of each becomes the mean of the present features of its samples, and samples go
            to the nearest center. The clustering forms the first ones only. A cluster that has
            lost all samples stays empty.
        generator: of the clustering, and of new parameters.

    Raises:
        OptionError: the clustering does not work on the data set.
        OutputShapeError: the number of the head's outputs is not m.

    Source: Hsu and Lin, IEEE TMM 2018, https://arxiv.org/abs/1705.07091; Caron et al., ECCV 2018,
        eq. 1-2, https://arxiv.org/abs/1807.05520 (`balance_clusters`, `reinitialize_head`).
    """

    loss_names = ("cross_entropy",)
    late_buffers = ("labels",)
    labels: Tensor | None

    def __init__(
        self,
        *,
        classification_head: TrainableMapping,
        associated_feature_extractor: TrainableMapping,
        clustering: Clustering,
        pseudo_label_recalculation_interval: int,
        n_clusters: int,
        balance_clusters: bool,
        reinitialize_head: bool,
        move_clusters: bool,
        generator: Generator,
        num_pseudo_labels: int | None = None,
    ) -> None:
        super().__init__()
        self.head, self.features = classification_head, Features(associated_feature_extractor)
        self.clustering, self.interval = clustering, pseudo_label_recalculation_interval
        self.n_labels = num_pseudo_labels or n_clusters
        self.balances_clusters, self.reinitializes_head = balance_clusters, reinitialize_head
        self.moves_clusters = move_clusters
        self.generator = generator

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Cluster the features if that has not happened yet or is due."""
        if self.labels is None:
            self.labels = self._clusters(data_pass)
        elif clock.due(self.interval):
            self.labels = self._later_clusters(self.labels, data_pass)
            if self.reinitializes_head:
                _reinitialize(self.head, draw_seed(self.generator))

    def _later_clusters(self, previous: Tensor, data_pass: DatasetPass) -> Tensor:
        """Return the clusters that follow the previous ones (N,)."""
        if self.moves_clusters:
            means = means_of_members(self.features.rows(data_pass), previous, self.n_labels)
            return self._nearest(NearestCenter(means), data_pass)
        clusters = self._clusters(data_pass)
        if self.reinitializes_head:
            return clusters
        return continued_numbers(clusters, previous, self.n_labels)

    def _clusters(self, data_pass: DatasetPass) -> Tensor:
        try:
            fitted = self.clustering.fit(
                self.features.rows(data_pass), self.n_labels, self.generator
            )
        except (ClusteringError, TooFewSamplesError) as error:
            raise OptionError("clustering", str(error)) from error
        return self._nearest(fitted, data_pass)

    def _nearest(self, fitted: Fitted, data_pass: DatasetPass) -> Tensor:
        """Return the cluster of each sample."""

        def clusters_of(batch: Batch) -> Tensor:
            return most_probable_clusters(fitted.log_assignments(self.features(batch.samples)))

        return data_pass(clusters_of)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy of the head's predictions with the pseudo-labels."""
        if self.labels is None:
            raise RuntimeError("before_iteration has not been called: it forms the pseudo-labels")
        log_probabilities = self.head.log_probabilities(batch.samples)
        shape = tuple(log_probabilities.shape[1:])
        if shape != (self.n_labels,):
            raise OutputShapeError(
                self.head,
                f"the output of the classification head has shape {shape} per sample, but there "
                f"are {self.n_labels} pseudo-labels",
            )
        labels = self.labels[batch.indices.to(self.labels.device)]
        loss = pseudo_label_cross_entropy(log_probabilities, labels, self.balances_clusters)
        return {"cross_entropy": loss}


def _reinitialize(head: TrainableMapping, seed: int) -> None:
    """Give the layers of a head, without its prior mappings, new parameters."""
    with global_seed(seed):
        for layer in head.net.modules():
            reset = getattr(layer, "reset_parameters", None)
            if callable(reset):
                reset()
