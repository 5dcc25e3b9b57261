"""Encouraging cluster formation by maximizing the bound of a VAE with a mixture as prior (VaDE)."""

from torch import Generator, Tensor

from dcrf.assignment.mixture import Mixture
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.mixtures import mixture_log_assignments
from dcrf.functional.variational import divergence_from_mixture
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.variational_autoencoder import VariationalAutoencoder


class MixtureVariationalBound(DesignPattern):
    """The two terms of VaDE's bound: the prior of the codes is the mixture of the method.

    The responsibilities gamma of the components are computed at the drawn code. The features of a
    sample are the mean of its posterior, also in training, so `encoder` is the feature extractor
    of the mixture; only this pattern draws codes.

    Formula:
        L_reconstruction = -1/n sum_i log p(x_i | z_i), with z_i drawn from q(z | x_i)
        L_divergence = 1/n sum_i KL(q(z | x_i) gamma_ic || pi_c N(z; mu_c, S_c)), over z and c

    Losses:
        reconstruction: -log p(x|z) of one code z of each sample, in nats, the sum over elements
            and mean over samples. Gradient flows into all three mappings.
        divergence: KL(q(z, c|x) || p(z, c)), in nats, >= 0, the mean over samples. Gradient flows
            into the mappings of mean and log-variance and the trainable parameters of the mixture,
            also through the responsibilities.

    Shapes:
        samples (n, *sample_shape) -> means and log-variances (n, d) -> reconstructions with as
        many elements as a sample; responsibilities (n, k).

    Args:
        assignment: a mixture of normal distributions, in d dimensions.
        encoder: maps samples to the means of their posteriors.
        log_variance: maps samples to the logarithms of their variances.
        decoder: maps codes to logits (`bernoulli`; a final Sigmoid is left out) or means.
        reconstruction_distribution: `bernoulli`, for samples in [0, 1], or `normal`.
        reconstruction_variance: of every element of a sample, for `normal`.
        generator: of the noise.

    Raises:
        TrainingError: samples outside [0, 1] with `bernoulli`.
        ValueError: the components are not normal distributions, or means and log-variances, or
            reconstructions and samples, differ in size.

    Source: Jiang et al., IJCAI 2017, eq. 10 and 12, https://arxiv.org/abs/1611.05148.
    """

    loss_names = ("reconstruction", "divergence")

    def __init__(
        self,
        *,
        assignment: Mixture,
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
        assignment.check_normal()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms of the negative bound."""
        mean, log_variance = self.autoencoder.posterior(batch.samples)
        codes = self.autoencoder.sample(mean, log_variance)
        mixture = self.assignment.mixture
        log_weights = mixture.log_weights()
        densities = self.assignment.densities_at(codes.flatten(1))
        return {
            "reconstruction": self.autoencoder.reconstruction_loss(codes, batch.samples),
            "divergence": divergence_from_mixture(
                mean.flatten(1),
                log_variance.flatten(1),
                mixture_log_assignments(densities, log_weights),
                mixture.means,
                mixture.factors(),
                log_weights,
            ),
        }
