"""Adversarially constrained autoencoder interpolation (ACAI, arXiv:1807.07543, section 3)."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


def mixing_coefficients(n_samples: int, generator: Generator) -> Tensor:
    """Draw a ~ U[0, 0.5], one per sample: beyond 0.5 a pair would only change roles.

    Returns:
        (n_samples,) on the CPU.
    """
    return 0.5 * torch.rand(n_samples, generator=generator)


def mix_with_reversed(codes: Tensor, coefficients: Tensor) -> Tensor:
    """Mix every code with the one that stands as far from the other end of the batch.

    Args:
        codes: (n, ...) latent codes of any shape, n odd or even.
        coefficients: (n,), a, the share of the code itself.

    Returns:
        (n, ...), a z_i + (1 - a) z_(n-1-i).
    """
    shares = coefficients.reshape(-1, *[1] * (codes.ndim - 1))
    return shares * codes + (1 - shares) * codes.flip(0)


def critic_loss(on_interpolations: Tensor, coefficients: Tensor, on_regularizers: Tensor) -> Tensor:
    """How badly a critic finds the mixing coefficients (L_d of ACAI).

    Args:
        on_interpolations: (n, ...) the critic's outputs for interpolations, averaged per sample.
        coefficients: (n,) what it should find.
        on_regularizers: (n, ...) its outputs for mixtures of samples with their reconstructions,
            where it should find 0.

    Returns:
        Scalar, >= 0.
    """
    errors = _per_sample(on_interpolations) - coefficients
    return errors.square().mean() + _per_sample(on_regularizers).square().mean()


def interpolation_penalty(on_interpolations: Tensor) -> Tensor:
    """How far a critic is from taking interpolations for samples (in ACAI's L_f,g, before lambda).

    Args:
        on_interpolations: (n, ...) the critic's outputs, averaged per sample.

    Returns:
        Scalar, >= 0; 0 where the critic finds no interpolation.
    """
    return _per_sample(on_interpolations).square().mean()


def binary_cross_entropy(logits: Tensor, is_real: bool) -> Tensor:
    """Return what a discriminator loses on inputs of one kind (GAN, arXiv:1406.2661, eq. 1).

    Args:
        logits: (n, ...), positive where it takes the input for a real sample.
        is_real: what the inputs are, or what they are meant to pass for.

    Returns:
        Scalar, >= 0, in nats.
    """
    return F.softplus(-logits if is_real else logits).mean()


def _per_sample(outputs: Tensor) -> Tensor:
    return outputs.flatten(1).mean(dim=1)
