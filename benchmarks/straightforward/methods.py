"""The losses of each shipped configuration, phase by phase. Every loss runs its networks itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from benchmarks.straightforward.images import Batch
from benchmarks.straightforward.losses import (
    cluster_contrast,
    divergence,
    inverse_temperature,
    negative_entropy,
    nt_xent,
    soft_k_means,
    squared_error,
    student_t,
    target_distribution,
)


@dataclass
class Autoencoder:
    """Reconstruction of one view of the samples."""

    encoder: nn.Module
    decoder: nn.Module
    view: str = "plain"

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return `reconstruction`."""
        samples = batch[self.view]
        return {"reconstruction": squared_error(self.decoder(self.encoder(samples)), samples)}


@dataclass
class Clustering:
    """DEC with the cluster-level losses of Contrastive Clustering.

    images: (N, 1, H, W), the whole data set, for the target distribution.
    interval: iterations between two target distributions.
    temperature: of the contrast between clusters.
    assigned_view: the view that the target distribution is compared with.
    """

    encoder: nn.Module
    centroids: nn.Parameter
    images: Tensor
    interval: int
    temperature: float = 1.0
    assigned_view: str = "plain"
    target: Tensor | None = None

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return `divergence`, `cluster_contrast`, `entropy_1` and `entropy_2`: 5 passes."""
        if self.target is None or iteration % self.interval == 0:
            with torch.no_grad():
                self.target = target_distribution(self.assign(self.images))
        targets = self.target[batch["index"]]
        first, second = batch["view_1"], batch["view_2"]
        contrast = cluster_contrast(self.assign(first), self.assign(second), self.temperature)
        return {
            "divergence": divergence(targets, self.assign(batch[self.assigned_view])),
            "cluster_contrast": contrast,
            "entropy_1": negative_entropy(self.assign(first)),
            "entropy_2": negative_entropy(self.assign(second)),
        }

    def assign(self, samples: Tensor) -> Tensor:
        """Return soft assignments (n, k)."""
        return student_t(self.encoder(samples), self.centroids)


@dataclass
class Hybrid:
    """DEC with both levels of Contrastive Clustering.

    project: maps samples to projections, by the encoder and a head; the instance contrast compares
        them.
    temperature: of the contrast between instances.
    """

    clustering: Clustering
    project: nn.Module
    temperature: float

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return `instance_contrast` and the losses of the clustering: 7 passes."""
        first, second = self.project(batch["view_1"]), self.project(batch["view_2"])
        contrast = nt_xent(first, second, self.temperature)
        return {"instance_contrast": contrast, **self.clustering.losses(batch, iteration)}


@dataclass
class DeepKMeans:
    """Deep k-means (arXiv:1806.10069) without pretraining.

    initial, final, each: the annealing of the inverse temperature.
    """

    autoencoder: Autoencoder
    centroids: nn.Parameter
    initial: float
    final: float
    each: int

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return `reconstruction` and `k_means`."""
        alpha = inverse_temperature(self.initial, self.final, self.each, iteration)
        features = self.autoencoder.encoder(batch["plain"])
        k_means = soft_k_means(features, self.centroids, alpha)
        return {**self.autoencoder.losses(batch, iteration), "k_means": k_means}


@dataclass
class Interpolation:
    """ACAI (arXiv:1807.07543), pairs by the reversed batch.

    share: gamma, how much of the sample is in the critic's second input.
    """

    autoencoder: Autoencoder
    critic: nn.Module
    share: float

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return `reconstruction` and `interpolation` (autoencoder) and `critic`."""
        encoder, decoder, samples = (
            self.autoencoder.encoder,
            self.autoencoder.decoder,
            batch["plain"],
        )
        codes = encoder(samples)
        alpha = 0.5 * torch.rand(len(codes), 1)
        mixed = decoder(alpha * codes + (1 - alpha) * codes.flip(0))
        with torch.no_grad():
            regularizer = self.share * samples + (1 - self.share) * decoder(codes)
        # the critic's own loss must not move the autoencoder, so it gets the images detached
        errors = self.estimate(mixed.detach()) - alpha.squeeze(1)
        return {
            **self.autoencoder.losses(batch, iteration),
            "interpolation": (self.estimate(mixed) ** 2).mean(),
            "critic": (errors**2).mean() + (self.estimate(regularizer) ** 2).mean(),
        }

    def estimate(self, samples: Tensor) -> Tensor:
        """Return the critic's estimate of alpha, (n,): the mean of its outputs."""
        return self.critic(samples).mean(dim=1)


@dataclass
class LayerWise:
    """A stack of denoising autoencoders, trained pair by pair (DEC, section 3.2).

    stages: encoder part, decoder part and number of iterations, from the outside inwards. It
        ends with the last stage.
    corrupt: dropout; the samples and the innermost code stay as they are.
    """

    stages: Sequence[tuple[nn.Module, nn.Module, int]]
    corrupt: Callable[[Tensor], Tensor]

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return `reconstruction` of the output of the encoder parts before the stage."""
        ends = accumulate(iterations for *_, iterations in self.stages)
        stage = next(number for number, end in enumerate(ends) if iteration <= end)
        target = batch["plain"]
        with torch.no_grad():
            for encode, *_ in self.stages[:stage]:
                target = encode(target)
        encode, decode, _ = self.stages[stage]
        hidden = encode(target if stage == 0 else self.corrupt(target))
        is_innermost = stage == len(self.stages) - 1
        outputs = decode(hidden if is_innermost else self.corrupt(hidden))
        return {"reconstruction": squared_error(outputs, target)}
