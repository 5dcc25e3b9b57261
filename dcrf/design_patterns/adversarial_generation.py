"""Training a feature extractor as the discriminator of a generative adversarial network."""

import torch
from torch import Generator, Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.adversarial import binary_cross_entropy
from dcrf.mappings.mapping import TrainableMapping


class AdversarialGeneration(DesignPattern):
    """A generator makes samples of noise; a discriminator learns to recognize them.

    Features are outputs of a layer of the discriminator (UGTAC). Both minimize a loss of their own,
    each in an optimizer group. No loss is detached: each group takes the gradient of its own losses
    with respect to its own parameters only, so that both share one pass.

    Formula:
        L_generator = -1/n sum_i log D(G(e_i)), with noise e_i
        L_discriminator = -1/n sum_i [log D(x_i) + log(1 - D(G(e_i)))]

    Losses:
        generator: the non-saturating loss, -log D(G(noise)): the cross-entropy of generated samples
            labeled as real, in nats, >= 0.
        discriminator: -log D(x) - log(1 - D(G(noise))): the cross-entropy of samples labeled as
            real plus that of generated ones labeled as fake, in nats, >= 0.

    Shapes:
        samples (n, *sample_shape); noise (n, noise_size) -> generated samples with as many elements
        as samples. The discriminator's outputs have shape (n, ...); losses are averaged over all.

    Args:
        sample_generator: maps noise to samples.
        discriminator: maps samples to logits of being real; a final Sigmoid is left out.
        noise_size: numbers of noise per sample.
        noise_distribution: `normal`, of variance 1, or `uniform`, in [-1, 1].
        generator: draws the noise.

    Source: Goodfellow et al., NIPS 2014, section 3, https://arxiv.org/abs/1406.2661; Radford,
        Metz, Chintala, ICLR 2016, https://arxiv.org/abs/1511.06434 (DCGAN); Premachandran and
        Yuille, Unsupervised learning using generative adversarial training and clustering, 2016.
    """

    loss_names = ("generator", "discriminator")

    def __init__(
        self,
        *,
        sample_generator: TrainableMapping,
        discriminator: TrainableMapping,
        noise_size: int,
        noise_distribution: str,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.sample_generator, self.discriminator = sample_generator, discriminator
        self.noise_size, self.noise_distribution = noise_size, noise_distribution
        self.generator = generator

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of the generator and of the discriminator."""
        noise = self._noise(len(batch.samples)).to(batch.samples)
        generated = self.sample_generator(noise).reshape_as(batch.samples)
        real, fake = (self.discriminator.binary_logits(x) for x in (batch.samples, generated))
        return {
            "generator": binary_cross_entropy(fake, is_real=True),
            "discriminator": binary_cross_entropy(real, is_real=True)
            + binary_cross_entropy(fake, is_real=False),
        }

    def _noise(self, n_samples: int) -> Tensor:
        shape = (n_samples, self.noise_size)
        if self.noise_distribution == "uniform":
            return 2 * torch.rand(shape, generator=self.generator) - 1
        return torch.randn(shape, generator=self.generator)
