"""Learning feature representations by spectral embedding (SpectralNet)."""

import torch
from torch import Generator, Tensor

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError
from dcrf.functional.spectral import (
    divided_by_degrees,
    gaussian_affinities,
    orthonormalizing_weight,
    spectral_loss,
)
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.measured_layer import MeasuredLayer


class SpectralEmbedding(DesignPattern):
    """Samples with a high affinity get embeddings near each other, whose columns are orthonormal.

    Before each iteration, the last layer of the mapping, `orthonormalize`, is measured on a random
    batch of its own, in evaluation mode. The gradient step on the batch of the iteration follows.

    The matrix of the last layer is constant in that step, so that the loss also falls if all
    outputs shrink before it. The next measurement undoes that, but they may become constant. With
    `own_batch`, each batch has a matrix of its own, through which gradient flows.

    Formula:
        L = 1/n^2 sum_ij W_ij |y_i - y_j|^2, with y^T y = n I
        W_ij = exp(-|z_i - z_j|^2 / (2 s^2)) for nearest neighbors, made symmetric

    Losses:
        affinity: 1 / n^2 sum_ij W_ij |y_i - y_j|^2, >= 0, in squared units of the embeddings.
            Gradient flows into the mapping, but not through W.

    Shapes:
        samples (n, *sample_shape) -> embeddings (n, d) and affinities W (n, n) of their features.
        Memory grows with n^2.

    Args:
        spectral_mapping: maps samples to embeddings; its last layer is `orthonormalize`.
        associated_feature_extractor: maps samples to the features that affinities are measured
            between, such as the codes of an autoencoder. They are not trained by this loss.
        num_neighbors: of each sample in the batch that have an affinity.
        scale_neighbor: the scale of the Gaussian is the median distance to this neighbor.
        orthonormalization_batch_size: samples of the batch that determines the last layer.
        laplacian: `unnormalized`, or `normalized`: y_i is divided by the root of its degree.
        orthonormalization: `separate_batch` as in the paper, or `own_batch`.
        generator: draws the samples of the separate batch.

    Raises:
        OptionError: the last layer of the mapping is not `orthonormalize`.

    Source: Shaham et al., ICLR 2018, section 3.1, equation 3, and 5 for the normalized Laplacian,
        https://arxiv.org/abs/1801.01587. `siamese_pairs` trains a network for the features that the
        paper measures affinities in. `own_batch` is ours.
    """

    loss_names = ("affinity",)

    def __init__(
        self,
        *,
        spectral_mapping: TrainableMapping,
        associated_feature_extractor: TrainableMapping,
        num_neighbors: int,
        scale_neighbor: int,
        orthonormalization_batch_size: int,
        laplacian: str,
        orthonormalization: str,
        generator: Generator,
    ) -> None:
        super().__init__()
        if not len(spectral_mapping.net) or not isinstance(spectral_mapping.net[-1], MeasuredLayer):
            raise OptionError(
                "spectral_mapping_name",
                "the last layer of the mapping is not orthonormalize; add it",
            )
        self.mapping, self.features = spectral_mapping, Features(associated_feature_extractor)
        self.num_neighbors, self.scale_neighbor = num_neighbors, scale_neighbor
        self.n_drawn, self.generator = orthonormalization_batch_size, generator
        self.is_normalized = laplacian == "normalized"
        self.uses_own_batch = orthonormalization == "own_batch"
        self.layer: MeasuredLayer = spectral_mapping.net[-1]
        self.layers_before = TrainableMapping(
            list(spectral_mapping.net[:-1]),
            prior=spectral_mapping.prior,
            before=spectral_mapping.before,
            use_bfloat16=spectral_mapping.use_bfloat16,
        )

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Measure the last layer of the mapping on a random batch."""
        drawn = torch.randperm(data_pass.n_samples, generator=self.generator)[: self.n_drawn]
        values = data_pass(lambda batch: self.layers_before(batch.samples), drawn)
        with torch.no_grad():
            self.layer.fit(values)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of the embeddings of the batch."""
        with torch.no_grad():
            features = self.features(batch.samples)
            affinities = gaussian_affinities(features, self.num_neighbors, self.scale_neighbor)
        embeddings = self._embeddings(batch.samples)
        if self.is_normalized:
            embeddings = divided_by_degrees(embeddings, affinities)
        return {"affinity": spectral_loss(embeddings, affinities)}

    def _embeddings(self, samples: Tensor) -> Tensor:
        if not self.uses_own_batch:
            return self.mapping(samples)
        values = self.layers_before(samples)
        return values @ orthonormalizing_weight(values)
