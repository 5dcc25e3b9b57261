"""Restricted Boltzmann machines, and contrastive divergence as a loss (Hinton 2002)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


class Machine(NamedTuple):
    """The parameters of a machine with d visible and h hidden units.

    Binary units are 0 or 1; Gaussian units are real with variance 1.

    weight: (h, d).
    visible_bias, hidden_bias: (d,) and (h,).
    visible_units, hidden_units: `binary` or `gaussian`.
    """

    weight: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor
    visible_units: str
    hidden_units: str


def hidden_means(machine: Machine, visible: Tensor) -> Tensor:
    """Return the means (n, h) of hidden units for visible values (n, d).

    Of binary units, it is p(h = 1 | v) = sigmoid(c + W v); of Gaussian ones, c + W v (Hinton and
    Salakhutdinov, Science 2006, supporting online material).
    """
    inputs = F.linear(visible, machine.weight, machine.hidden_bias)
    return inputs.sigmoid() if machine.hidden_units == "binary" else inputs


def visible_means(machine: Machine, hidden: Tensor) -> Tensor:
    """Return the means (n, d) of visible units for hidden values (n, h), sigmoid(b + W^T h)."""
    inputs = F.linear(hidden, machine.weight.T, machine.visible_bias)
    return inputs.sigmoid() if machine.visible_units == "binary" else inputs


def sampled_hidden(machine: Machine, visible: Tensor, generator: Generator) -> Tensor:
    """Draw hidden values (n, h) for visible values (n, d). The generator is on the CPU."""
    means = hidden_means(machine, visible)
    draw = torch.rand if machine.hidden_units == "binary" else torch.randn
    draws = draw(means.shape, generator=generator).to(means)
    return (draws < means).to(means) if machine.hidden_units == "binary" else means + draws


def free_energy(machine: Machine, visible: Tensor) -> Tensor:
    """Return -log sum_h exp(-E(v, h)) for visible values, up to a constant of the hidden biases.

    With binary units, E(v, h) = -b^T v - c^T h - h^T W v, and the sum over h gives
    -b^T v - sum_j log(1 + exp(c_j + W_j v)). Gaussian visible units have |v - b|^2 / 2 in place of
    -b^T v; Gaussian hidden units have -(c_j + W_j v)^2 / 2 + c_j^2 / 2 in place of the logarithm.

    Args:
        machine: its parameters.
        visible: (n, d).

    Returns:
        (n,), in nats.
    """
    inputs = F.linear(visible, machine.weight, machine.hidden_bias)
    if machine.visible_units == "binary":
        of_visible = -visible @ machine.visible_bias
    else:
        of_visible = 0.5 * (visible - machine.visible_bias).square().sum(dim=1)
    if machine.hidden_units == "binary":
        return of_visible - F.softplus(inputs).sum(dim=1)
    return of_visible - 0.5 * (inputs.square() - machine.hidden_bias.square()).sum(dim=1)


def gibbs_reconstruction(
    machine: Machine, visible: Tensor, steps: int, generator: Generator
) -> Tensor:
    """Return visible values (n, d) after some steps of Gibbs sampling that starts at the data.

    Hidden values are drawn, visible ones are means, as in the code of Hinton and Salakhutdinov
    (Science 2006).

    Args:
        machine: its parameters.
        visible: (n, d), the data.
        steps: k >= 1.
        generator: on the CPU.
    """
    values = visible
    for _ in range(steps):
        values = visible_means(machine, sampled_hidden(machine, values, generator))
    return values


def contrastive_divergence(
    machine: Machine, visible: Tensor, steps: int, generator: Generator
) -> Tensor:
    """Loss whose gradient is that of CD-k (Hinton, Neural Computation 2002, eq. 7).

    It is the mean difference of the free energies of data and of their reconstructions, which are
    constants. Its negative gradient with respect to W is <h v^T> of the data minus <h v^T> of the
    reconstructions, with the means of h.

    Args:
        machine: its parameters.
        visible: (n, d), the data.
        steps: k >= 1.
        generator: draws hidden values, on the CPU.

    Returns:
        Scalar, in nats, of any sign.
    """
    with torch.no_grad():
        reconstructions = gibbs_reconstruction(machine, visible, steps, generator)
    return (free_energy(machine, visible) - free_energy(machine, reconstructions)).mean()
