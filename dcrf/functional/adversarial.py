"""Adversarially constrained autoencoder interpolation (ACAI, arXiv:1807.07543, section 3)."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


def mixing_coefficients(n_samples: int, generator: Generator) -> Tensor:
    """Draw a ~ U[0, 0.5], one per sample. Above 0.5, the two codes of a pair swap roles.

    Returns:
        (n_samples,) on the CPU.
    """
    return 0.5 * torch.rand(n_samples, generator=generator)


def mix_with_reversed(codes: Tensor, coefficients: Tensor) -> Tensor:
    """Mix code i with code n - 1 - i of the batch.

    Args:
        codes: (n, ...) latent codes of any shape, n odd or even.
        coefficients: (n,), a, the share of code i.

    Returns:
        (n, ...), a z_i + (1 - a) z_(n-1-i).
    """
    shares = coefficients.reshape(-1, *[1] * (codes.ndim - 1))
    return shares * codes + (1 - shares) * codes.flip(0)


def critic_loss(on_interpolations: Tensor, coefficients: Tensor, on_regularizers: Tensor) -> Tensor:
    """Squared error of a critic that estimates mixing coefficients (L_d of ACAI).

    Args:
        on_interpolations: (n, ...), the critic's outputs for interpolations, averaged per sample.
        coefficients: (n,), the targets of these outputs.
        on_regularizers: (n, ...), its outputs for mixtures of samples with their reconstructions,
            averaged per sample. Their target is 0.

    Returns:
        Scalar, >= 0.
    """
    errors = _mean_per_sample(on_interpolations) - coefficients
    return errors.square().mean() + _mean_per_sample(on_regularizers).square().mean()


def interpolation_penalty(on_interpolations: Tensor) -> Tensor:
    """Penalty on an autoencoder whose interpolations a critic detects (in L_f,g of ACAI).

    The paper multiplies it by lambda, which is a loss weight here.

    Args:
        on_interpolations: (n, ...), the critic's outputs, averaged per sample.

    Returns:
        Scalar, >= 0, and 0 if the critic takes all interpolations for samples.
    """
    return _mean_per_sample(on_interpolations).square().mean()


def binary_cross_entropy(logits: Tensor, is_real: bool) -> Tensor:
    """Cross-entropy of discriminator logits with one label (GAN, arXiv:1406.2661, eq. 1).

    Args:
        logits: (n, ...), log-odds that an input is a real sample.
        is_real: the label of all inputs.

    Returns:
        Scalar, >= 0, in nats, averaged over all elements.
    """
    return F.softplus(-logits if is_real else logits).mean()


def _mean_per_sample(outputs: Tensor) -> Tensor:
    return outputs.flatten(1).mean(dim=1)
