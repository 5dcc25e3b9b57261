"""Encouraging cluster formation by maximizing the likelihood of a mixture."""

from torch import Tensor

from dcrf.assignment.mixture import Mixture
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.mixtures import mixture_negative_log_likelihood


class MixtureLikelihood(DesignPattern):
    """The negative log-likelihood of the features under the mixture of the method.

    With fixed means on axes, it is the loss `gmm` (normal) or `cmm` (Cauchy) of fixed
    representatives. With trained means and features that nothing else determines, it has no
    minimum.

    Formula:
        L = -1/n sum_i log sum_j pi_j p_j(z_i)

    Losses:
        negative_log_likelihood: in nats, the mean over samples; it may be negative. Gradient flows
            into the feature extractor and the trainable parameters of the mixture.

    Shapes:
        samples (n, *sample_shape) -> features (n, d) -> log densities of the components (n, k).

    Args:
        assignment: the mixture.

    Source: the losses `gmm` and `cmm` of https://github.com/aciobanusebi/deep-clustering.
    """

    loss_names = ("negative_log_likelihood",)

    def __init__(self, *, assignment: Mixture) -> None:
        super().__init__()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the negative log-likelihood of the batch."""
        densities = self.assignment.densities(batch.samples)
        log_weights = self.assignment.mixture.log_weights()
        loss = mixture_negative_log_likelihood(densities, log_weights)
        return {"negative_log_likelihood": loss}
