"""Training a feature extractor by decoding interpolated codes to plausible samples."""

from torch import Generator, Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.adversarial import (
    binary_cross_entropy,
    critic_loss,
    interpolation_penalty,
    mix_with_reversed,
    mixing_coefficients,
)
from dcrf.mappings.mapping import TrainableMapping
from dcrf.schedules.base import Schedule


class AdversarialInterpolation(DesignPattern):
    """An autoencoder decodes interpolated codes; an opponent learns to recognize the results.

    The opponent is a critic, which estimates the mixing coefficient (ACAI), or a discriminator,
    which separates samples from interpolations. No loss is detached: each optimizer group takes
    the gradient of its own losses with respect to its own parameters only.

    Formula:
        m_i = decoder(a_i z_i + (1 - a_i) z_(n+1-i)), with z = encoder(x) and a_i from U[0, 0.5]
        L_autoencoder = 1/n sum_i C(m_i)^2, or -1/n sum_i log D(m_i)
        L_critic = 1/n sum_i [(C(m_i) - a_i)^2 + C(g x_i + (1 - g) decoder(z_i))^2]
        L_discriminator = -1/n sum_i [log D(x_i) + log(1 - D(m_i))]

    Losses:
        autoencoder: rises with the opponent's success. With a critic, the mean squared output,
            >= 0; its weight is lambda of the paper. With a discriminator, the cross-entropy of
            interpolations labeled as real, in nats, >= 0.
        critic: squared error of the mixing coefficient, plus the squared output for mixtures of
            samples with their own reconstructions, >= 0. Only with a critic.
        discriminator: cross-entropy of samples labeled as real plus that of interpolations
            labeled as fake, in nats, >= 0. Only with a discriminator.

    Shapes:
        samples (n, *sample_shape) -> codes (n, ...) of any shape. Row i is mixed with row
        n - 1 - i, so n may be odd. The opponent's outputs have shape (n, ...): a critic's are
        averaged per sample, a discriminator's losses over all elements.

    Args:
        encoder: maps samples to codes.
        decoder: maps codes to samples.
        critic: maps samples to estimates of the mixing coefficient.
        discriminator: maps samples to logits of being real; a final Sigmoid is left out.
            Exactly one of critic and discriminator is not None.
        critic_regularizing_hyperparameter: schedule of gamma, the share of a sample in the mixture
            with its reconstruction. Only with a critic.
        generator: draws the mixing coefficients.

    Raises:
        ValueError: neither a critic nor a discriminator, or a critic without gamma.

    Source: Berthelot et al., ICLR 2019, section 3, https://arxiv.org/abs/1807.07543.
    """

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        decoder: TrainableMapping,
        generator: Generator,
        critic: TrainableMapping | None = None,
        discriminator: TrainableMapping | None = None,
        critic_regularizing_hyperparameter: Schedule | None = None,
    ) -> None:
        super().__init__()
        opponent = discriminator if critic is None else critic
        if opponent is None:
            raise ValueError("expected a critic or a discriminator, got neither")
        if critic is not None and critic_regularizing_hyperparameter is None:
            raise ValueError("expected critic_regularizing_hyperparameter beside a critic")
        self.encoder, self.decoder, self.opponent = encoder, decoder, opponent
        self.loss_names = ("autoencoder", "discriminator" if critic is None else "critic")
        self.gamma = None if critic is None else critic_regularizing_hyperparameter
        self.generator = generator

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of the autoencoder and of its opponent."""
        codes = self.encoder(batch.samples)
        coefficients = mixing_coefficients(len(codes), self.generator).to(codes)
        interpolations = self.decoder(mix_with_reversed(codes, coefficients))
        interpolations = interpolations.reshape_as(batch.samples)
        if self.gamma is None:
            return self._discriminator_losses(batch.samples, interpolations)
        gamma = self.gamma(batch.clock)
        reconstructions = self.decoder(codes).reshape_as(batch.samples)
        regularizers = gamma * batch.samples + (1 - gamma) * reconstructions
        return self._critic_losses(interpolations, coefficients, regularizers)

    def _critic_losses(
        self, interpolations: Tensor, coefficients: Tensor, regularizers: Tensor
    ) -> dict[str, Tensor]:
        outputs = self.opponent(interpolations)
        return {
            "autoencoder": interpolation_penalty(outputs),
            "critic": critic_loss(outputs, coefficients, self.opponent(regularizers)),
        }

    def _discriminator_losses(self, samples: Tensor, interpolations: Tensor) -> dict[str, Tensor]:
        real, fake = (self.opponent.binary_logits(x) for x in (samples, interpolations))
        return {
            "autoencoder": binary_cross_entropy(fake, is_real=True),
            "discriminator": binary_cross_entropy(real, is_real=True)
            + binary_cross_entropy(fake, is_real=False),
        }
