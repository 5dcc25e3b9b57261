"""Perturbations of samples, and the change of predictions that they cause (IMSAT, VAT)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Predict = Callable[[Tensor], Tensor]
"""Maps samples (n, *sample_shape) to log-assignments (n, k)."""


def divergence_from_targets(log_targets: Tensor, log_predictions: Tensor) -> Tensor:
    """Mean KL(p || q) of predictions q from targets p (IMSAT, arXiv:1702.08720, R_SAT).

    The paper states the cross-entropy, which exceeds this by the entropy of p. That is constant
    without gradient through p, so both have the same gradient.

    Args:
        log_targets: (n, k) natural-log probabilities p, finite.
        log_predictions: (n, k), q, finite.

    Returns:
        Scalar >= 0, in nats, and 0 if both are equal.
    """
    return F.kl_div(log_predictions, log_targets, reduction="batchmean", log_target=True)


def unit_directions(values: Tensor) -> Tensor:
    """Scale each row (*sample_shape) of (n, *sample_shape) to length 1; a zero row stays zero."""
    rows = values.flatten(1)
    # squares of tiny gradients would underflow
    largest = rows.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    return F.normalize(rows / largest, dim=1).reshape_as(values)


def adversarial_directions(
    predict: Predict,
    samples: Tensor,
    log_targets: Tensor,
    start: Tensor,
    probe_radius: float,
    num_power_iterations: int = 1,
) -> Tensor:
    """Approximate the directions in which predictions change most (VAT, arXiv:1704.03976).

    It is the power iteration of section 3.3. Each iteration replaces the direction d by the
    normalized gradient, with respect to d, of the divergence between the targets and the
    predictions at the sample plus `probe_radius` times d.

    Args:
        predict: maps samples to log-assignments (n, k).
        samples: (n, *sample_shape).
        log_targets: (n, k), the predictions for the samples, without gradient.
        start: (n, *sample_shape), of length 1, such as random directions.
        probe_radius: xi, > 0, in units of the samples.
        num_power_iterations: at least 1.

    Returns:
        (n, *sample_shape) of length 1, without gradient; zero for a sample whose predictions do not
        change.
    """
    directions = start
    for _ in range(num_power_iterations):
        directions = directions.detach().requires_grad_()
        log_predictions = predict(samples.detach() + probe_radius * directions)
        divergence = divergence_from_targets(log_targets, log_predictions)
        (gradient,) = torch.autograd.grad(divergence, directions)
        directions = unit_directions(gradient)
    return directions


def along(directions: Tensor, radii: Tensor) -> Tensor:
    """Return perturbations (n, *sample_shape): directions of length 1 times radii (n,)."""
    return directions * radii.reshape(-1, *[1] * (directions.ndim - 1))
