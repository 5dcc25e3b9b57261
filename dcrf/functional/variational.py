"""Evidence lower bounds of variational autoencoders.

The approximate posterior of a sample is N(mean, diag exp(log_variance)). All losses are sums over
the dimensions of a sample and means over samples, in nats.
"""

import math

import torch.nn.functional as F
from torch import Tensor

from dcrf.functional.mixtures import inverse_variances, normal_log_densities
from dcrf.functional.reconstruction import flat_pair


def reparameterize(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Return z = mu + sigma * epsilon, for tensors of one shape.

    Source: Kingma & Welling, ICLR 2014, eq. 10, https://arxiv.org/abs/1312.6114.
    """
    return mean + (log_variance / 2).exp() * noise


def bernoulli_negative_log_likelihood(logits: Tensor, targets: Tensor) -> Tensor:
    """Return -log p(x|z) of a decoder with Bernoulli outputs, a scalar >= 0.

    Args:
        logits: (n, ...), of the probabilities of 1.
        targets: (n, ...) in [0, 1], with the same number of elements.

    Raises:
        ValueError: logits and targets differ in their number of elements.

    Source: Kingma & Welling, ICLR 2014, eq. 11, https://arxiv.org/abs/1312.6114.
    """
    logits, targets = flat_pair(logits, targets)
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1).mean()


def normal_negative_log_likelihood(outputs: Tensor, targets: Tensor, variance: float) -> Tensor:
    """Return -log p(x|z) of a decoder with normal outputs of a fixed variance, a scalar.

    Args:
        outputs: (n, ...), the means.
        targets: (n, ...), with the same number of elements.
        variance: of every element, > 0.

    Raises:
        ValueError: outputs and targets differ in their number of elements.

    Source: Kingma & Welling, ICLR 2014, eq. 12, https://arxiv.org/abs/1312.6114.
    """
    outputs, targets = flat_pair(outputs, targets)
    errors = (outputs - targets).square() / variance + math.log(2 * math.pi * variance)
    return errors.sum(1).mean() / 2


def divergence_from_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(q(z|x) || N(0, I)), a scalar >= 0.

    Args:
        mean: (n, d), of the posteriors q.
        log_variance: (n, d), of the same.

    Source: Kingma & Welling, ICLR 2014, appendix B, https://arxiv.org/abs/1312.6114.
    """
    return (log_variance.exp() + mean.square() - 1 - log_variance).sum(dim=1).mean() / 2


def divergence_from_mixture(
    mean: Tensor,
    log_variance: Tensor,
    log_responsibilities: Tensor,
    means: Tensor,
    factors: Tensor,
    log_weights: Tensor,
) -> Tensor:
    """Return KL(q(z, c|x) || p(z, c)) with a prior p that is a mixture of normal distributions.

    Let q(z, c|x) = N(z; mean, diag exp(log_variance)) gamma_c, and S_c the covariances. Then it is
    sum_c gamma_c [-log N(mean; mu_c, S_c) + sum_j sigma_j^2 (S_c^-1)_jj / 2 - log pi_c
    + log gamma_c] - sum_j (1 + log(2 pi sigma_j^2)) / 2. With diagonal covariances these are all
    terms of the bound of VaDE but the reconstruction.

    Args:
        mean: (n, d), of the posteriors.
        log_variance: (n, d), of the same.
        log_responsibilities: log gamma, (n, k); the exp of each row sums to 1.
        means: mu, (k, d).
        factors: of the covariances, (k,), (k, d) or (k, d, d), with positive diagonals.
        log_weights: log pi, (k,); the exp sums to 1.

    Returns:
        Scalar, >= 0.

    Source: Jiang et al., IJCAI 2017, eq. 10 and 12, https://arxiv.org/abs/1611.05148.
    """
    inverses = inverse_variances(factors, mean.shape[1])
    within = log_variance.exp() @ inverses.T / 2 - normal_log_densities(mean, means, factors)
    by_component = within - log_weights + log_responsibilities
    entropies = (1 + math.log(2 * math.pi) + log_variance).sum(dim=1) / 2
    return ((log_responsibilities.exp() * by_component).sum(dim=1) - entropies).mean()
