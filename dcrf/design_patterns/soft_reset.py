"""Resetting weights softly and clustering again, so that clusters can still change (BRB)."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from dcrf.assignment.centroids import Centroids
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.clusterings.base import Clustering
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.soft_reset import soft_reset
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import draw_seed, global_seed

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


class SoftReset(DesignPattern):
    """Every few epochs, mixes weights with fresh ones, and clusters the new features.

    The centroids become those of the new clustering, numbered like the centroids that they
    continue, and optimizers forget their momentum. A phase should end some epochs after a reset.

    Formula:
        w <- kept w + (1 - kept) w_new, with w_new as at the start of training

    Losses:
        None.

    Shapes:
        samples (n, *sample_shape) -> features (n, d); centroids (k, d). The features of at most
        `max_samples` random samples are clustered.

    Args:
        encoder: its linear and convolutional layers are reset.
        features: maps samples to the feature space of the centroids.
        centroids: (k, d), initialized.
        reset_interval: epochs between two resets.
        reset_interpolation_factor: share of the present weights, in [0, 1]; the rest is fresh.
        kept_layer_names: layers of the encoder that are not reset, such as the embedding layer.
        clustering: of the features after a reset.
        max_samples: number of samples that are clustered.
        generator: of fresh weights, of the samples and of the clustering.

    Source: Miklautz et al., ICLR 2025, algorithm 1, https://arxiv.org/abs/2411.02275.
    """

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        features: Features,
        centroids: Centroids,
        reset_interval: int,
        reset_interpolation_factor: float,
        kept_layer_names: Sequence[str],
        clustering: Clustering,
        max_samples: int,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.encoder, self.features, self.centroids = encoder, features, centroids
        self.interval, self.kept = reset_interval, reset_interpolation_factor
        self.clustering, self.max_samples = clustering, max_samples
        self.generator = generator
        kept = [encoder.net[encoder.layer_names[name]] for name in kept_layer_names]
        left_out = {module for layer in kept for module in layer.modules()}
        self.layers = [
            module
            for module in encoder.net.modules()
            if isinstance(module, _LAYERS) and module not in left_out
        ]

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Reset the layers and cluster again if that is due."""
        if clock.epoch % self.interval:
            return ()
        with global_seed(draw_seed(self.generator)):
            for layer in self.layers:
                soft_reset(layer, self.kept)
        order = torch.randperm(data_pass.n_samples, generator=self.generator)
        features = data_pass(self._features, order[: self.max_samples].sort().values)
        self.centroids.recluster(features, self.clustering, self.generator)
        return (self.centroids.values,)

    def _features(self, batch: Batch) -> Tensor:
        return self.features(batch.samples)
