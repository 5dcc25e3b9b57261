"""Learning feature representations by a Siamese network (SpectralNet)."""

import torch
from torch import Generator, Tensor

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.siamese import contrastive_loss
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.neighbors import NeighborDraws


class SiamesePairs(DesignPattern):
    """Pulls samples to their nearest neighbors, and pushes them away from all others.

    Neighbors are mined once, before the first iteration of the phase, in the features that the
    mapping has then. Every iteration draws for each sample one neighbor and one sample that is
    none.

    Formula:
        L_near = 1/n sum_i max(0, |y_i - y_near(i)| - near_margin)^2
        L_far = 1/n sum_i max(0, far_margin - |y_i - y_far(i)|)^2

    Losses:
        near: max(d - near_margin, 0)^2 of samples and neighbors, >= 0, in squared units of the
            embeddings.
        far: max(far_margin - d, 0)^2 of samples and others, >= 0, in the same units.

        Gradient flows into the Siamese mapping through both samples of a pair.

    Shapes:
        samples (n, *sample_shape) and companions (n, 2, *sample_shape) -> embeddings (n, d) and
        (2 n, d). Features of the whole data set -> neighbors (N, num_neighbors), which a
        checkpoint keeps.

    Args:
        siamese_mapping: maps samples to embeddings.
        associated_feature_extractor: maps samples to the features in which neighbors are near.
        num_neighbors: of each sample, without itself.
        near_margin: the distance up to which neighbors have no loss.
        far_margin: the distance from which other samples have none.
        generator: draws the pairs.

    Raises:
        OptionError: the data set has too few samples for neighbors and others.

    Source: Shaham et al., ICLR 2018, section 3.2.2, https://arxiv.org/abs/1801.01587. The authors'
        code mines approximate neighbors, and pairs each of them once an epoch.
    """

    loss_names = ("near", "far")

    def __init__(
        self,
        *,
        siamese_mapping: TrainableMapping,
        associated_feature_extractor: TrainableMapping,
        num_neighbors: int,
        near_margin: float,
        far_margin: float,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.mapping = siamese_mapping
        self.near_margin, self.far_margin = near_margin, far_margin
        features = Features(associated_feature_extractor)
        self.neighbors = NeighborDraws(features, num_neighbors, "euclidean", generator)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Mine the neighbors if that has not happened yet."""
        self.neighbors.mine_once(data_pass, leaves_others=True)

    def companions(self, indices: Tensor) -> Tensor:
        """Draw a neighbor and another sample (n, 2) for each sample."""
        return torch.cat([self.neighbors.draw(indices), self.neighbors.draw_other(indices)], dim=1)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of both kinds of pairs."""
        if batch.companions is None:
            raise RuntimeError("the batch has no companions")
        near, far = self.mapping(batch.companions.transpose(0, 1).flatten(0, 1)).chunk(2)
        anchors = self.mapping(batch.samples)
        losses = contrastive_loss(anchors, near, far, self.near_margin, self.far_margin)
        return dict(zip(self.loss_names, losses, strict=True))
