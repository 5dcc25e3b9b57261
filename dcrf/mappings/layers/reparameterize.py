"""Sampling of a code from its mean and log-variance."""

import torch
from torch import Tensor, nn

from dcrf.functional.variational import reparameterize


class Reparameterize(nn.Module):
    """Samples the code of a variational autoencoder from its mean and log-variance.

    The first half of axis 1 is the mean, the second half the logarithm of the variance. In training
    the noise comes from torch's global generator; in evaluation the code is the mean.

    Shapes:
        (n, 2 d, ...) -> (n, d, ...)

    Raises:
        ValueError: axis 1 of the input has an odd size.

    Source: Kingma & Welling, ICLR 2014, equation 10, https://arxiv.org/abs/1312.6114
    """

    def forward(self, values: Tensor) -> Tensor:
        """Return codes (n, d, ...) for means and log-variances (n, 2 d, ...)."""
        if values.ndim < 2 or values.shape[1] % 2:  # noqa: PLR2004 - two halves
            raise ValueError("axis 1 has an odd size: it holds means, then as many log-variances")
        mean, log_variance = values.chunk(2, dim=1)
        if not self.training:
            return mean
        return reparameterize(mean, log_variance, torch.randn_like(mean))
