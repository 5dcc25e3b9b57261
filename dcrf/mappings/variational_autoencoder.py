"""A variational autoencoder of three mappings: mean, log-variance and decoder."""

import torch
from torch import Generator, Tensor, nn

from dcrf.errors import TrainingError
from dcrf.functional.variational import (
    bernoulli_negative_log_likelihood,
    normal_negative_log_likelihood,
    reparameterize,
)
from dcrf.mappings.mapping import TrainableMapping


class VariationalAutoencoder(nn.Module):
    """Samples codes from their approximate posterior, and scores reconstructions.

    Args:
        encoder: maps samples to the means (n, d) of their posteriors.
        log_variance: maps samples to the log-variances (n, d).
        decoder: maps codes (n, d) to logits (`bernoulli`, without a final Sigmoid) or means.
        reconstruction_distribution: `bernoulli`, for samples in [0, 1], or `normal`.
        reconstruction_variance: of every element of a sample, for `normal`.
        generator: of the noise, on the CPU, so that codes do not depend on the device.
    """

    def __init__(
        self,
        encoder: TrainableMapping,
        log_variance: TrainableMapping,
        decoder: TrainableMapping,
        reconstruction_distribution: str,
        reconstruction_variance: float,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.encoder, self.log_variance, self.decoder = encoder, log_variance, decoder
        self.is_bernoulli = reconstruction_distribution == "bernoulli"
        self.variance, self.generator = reconstruction_variance, generator

    def posterior(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log-variances (n, d) of the posteriors of samples.

        Raises:
            ValueError: they differ in shape.
        """
        mean, log_variance = self.encoder(samples), self.log_variance(samples)
        if mean.shape != log_variance.shape:
            raise ValueError(
                f"means of shape {tuple(mean.shape[1:])} and log-variances of shape "
                f"{tuple(log_variance.shape[1:])} are no posterior: write mappings of one width"
            )
        return mean, log_variance

    def sample(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return codes (n, d), drawn from the posteriors."""
        noise = torch.randn(mean.shape, generator=self.generator).to(mean)
        return reparameterize(mean, log_variance, noise)

    def reconstruction_loss(self, codes: Tensor, samples: Tensor) -> Tensor:
        """Return -log p(x|z), in nats, the mean over samples.

        Raises:
            TrainingError: samples of a Bernoulli distribution are not in [0, 1].
        """
        if self.is_bernoulli:
            _check_range(samples)
            return bernoulli_negative_log_likelihood(self.decoder.binary_logits(codes), samples)
        return normal_negative_log_likelihood(self.decoder(codes), samples, self.variance)


def _check_range(samples: Tensor) -> None:
    if samples.is_meta:
        return
    least, largest = samples.aminmax()
    if not (least >= 0 and largest <= 1):
        raise TrainingError(
            f"a Bernoulli distribution needs samples in [0, 1], not from {least:.3g} to "
            f'{largest:.3g}: scale them, or write "reconstruction_distribution": "normal"'
        )
