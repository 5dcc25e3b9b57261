"""Training a feature extractor by maximizing the bound of a variational autoencoder."""

from torch import Generator, Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.variational import divergence_from_standard_normal
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.variational_autoencoder import VariationalAutoencoder


class VariationalBound(DesignPattern):
    """The two terms of the evidence lower bound of a variational autoencoder.

    The features of a sample are the mean of its posterior, also in training; only this pattern
    draws codes.

    Formula:
        L_reconstruction = -1/n sum_i log p(x_i | z_i), with z = mu + sigma e and e from N(0, I)
        L_divergence = 1/(2n) sum_i sum_l (mu_il^2 + sigma_il^2 - 1 - log sigma_il^2)

    Losses:
        reconstruction: -log p(x|z) of one code z of each sample, in nats, the sum over elements
            and mean over samples. Gradient flows into all three mappings.
        divergence: KL(q(z|x) || N(0, I)), in nats, >= 0. Gradient flows into the mappings of mean
            and log-variance.

    Shapes:
        samples (n, *sample_shape) -> means and log-variances (n, d) -> reconstructions with as
        many elements as a sample.

    Args:
        encoder: maps samples to the means of their posteriors.
        log_variance: maps samples to the logarithms of their variances.
        decoder: maps codes to logits (`bernoulli`; a final Sigmoid is left out) or means.
        reconstruction_distribution: `bernoulli`, for samples in [0, 1], or `normal`.
        reconstruction_variance: of every element of a sample, for `normal`.
        generator: of the noise.

    Raises:
        TrainingError: samples outside [0, 1] with `bernoulli`.
        ValueError: means and log-variances, or reconstructions and samples, differ in size.

    Source: Kingma & Welling, ICLR 2014, eq. 10, https://arxiv.org/abs/1312.6114.
    """

    loss_names = ("reconstruction", "divergence")

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        log_variance: TrainableMapping,
        decoder: TrainableMapping,
        reconstruction_distribution: str,
        generator: Generator,
        reconstruction_variance: float = 1.0,
    ) -> None:
        super().__init__()
        self.autoencoder = VariationalAutoencoder(
            encoder,
            log_variance,
            decoder,
            reconstruction_distribution,
            reconstruction_variance,
            generator,
        )

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms of the negative bound."""
        mean, log_variance = self.autoencoder.posterior(batch.samples)
        codes = self.autoencoder.sample(mean, log_variance)
        return {
            "reconstruction": self.autoencoder.reconstruction_loss(codes, batch.samples),
            "divergence": divergence_from_standard_normal(mean.flatten(1), log_variance.flatten(1)),
        }
