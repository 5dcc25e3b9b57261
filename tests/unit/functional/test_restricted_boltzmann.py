"""Contrastive divergence against sums over all states and against its update rule, by loops."""

import itertools
import math

import pytest
import torch
from torch import Generator
from torch.autograd import gradcheck

from dcrf.functional.restricted_boltzmann import (
    Machine,
    contrastive_divergence,
    free_energy,
    gibbs_reconstruction,
    hidden_means,
    sampled_hidden,
    visible_means,
)

UNITS = [*itertools.product(["binary", "gaussian"], repeat=2)]


def machine(visible="binary", hidden="binary", d=4, h=3, seed=0):
    generator = Generator().manual_seed(seed)
    values = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in [(h, d), d, h]
    )
    return Machine(*values, visible, hidden)


def data(n=6, d=4, seed=1):
    return torch.rand(n, d, generator=Generator().manual_seed(seed), dtype=torch.float64)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("visible_units", ["binary", "gaussian"])
def test_the_free_energy_of_binary_hidden_units_sums_over_all_of_their_states(visible_units):
    parameters = machine(visible_units)
    weight, b, c = (values.tolist() for values in parameters[:3])
    for v, energy in zip(data().tolist(), free_energy(parameters, data()).tolist(), strict=True):
        total = 0.0
        for h in itertools.product([0, 1], repeat=3):
            e = -sum(c[j] * h[j] for j in range(3))
            e -= sum(h[j] * weight[j][i] * v[i] for j in range(3) for i in range(4))
            for i in range(4):
                e += -b[i] * v[i] if visible_units == "binary" else (v[i] - b[i]) ** 2 / 2
            total += math.exp(-e)

        assert energy == pytest.approx(-math.log(total), rel=1e-10)


def test_the_free_energy_of_gaussian_hidden_units_integrates_over_them():
    parameters = machine("binary", "gaussian", h=1)
    weight, b, c = parameters[:3]
    grid = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    for v, energy in zip(data(), free_energy(parameters, data()), strict=True):
        exponents = -((grid - c) ** 2) / 2 + grid * (weight[0] @ v) + b @ v
        integral = torch.trapezoid(exponents.exp(), grid) / math.sqrt(2 * math.pi)

        assert energy.item() == pytest.approx(-integral.log().item(), rel=1e-8)


def test_means_by_hand():
    values = (torch.tensor([[1.0, -2.0]]), torch.tensor([0.5, 0.0]), torch.tensor([1.0]))
    binary, gaussian = (Machine(*values, units, units) for units in ("binary", "gaussian"))
    v, h = torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0]])

    assert hidden_means(gaussian, v).tolist() == [[0.0]]
    assert hidden_means(binary, v).tolist() == [[0.5]]
    assert visible_means(gaussian, h).tolist() == [[1.5, -2.0]]
    assert visible_means(binary, h)[0].tolist() == pytest.approx([sigmoid(1.5), sigmoid(-2)])


def by_loops(parameters, rows, reconstructions):
    """The mean of h v^T, v and h over the data minus that over the reconstructions."""
    means = [hidden_means(parameters, values).tolist() for values in (rows, reconstructions)]
    n, (h, d) = len(rows), parameters.weight.shape
    weight, visible, hidden = ([[0.0] * d for _ in range(h)], [0.0] * d, [0.0] * h)
    for sign, values, probabilities in zip(
        (1, -1), (rows.tolist(), reconstructions.tolist()), means, strict=True
    ):
        for v, p in zip(values, probabilities, strict=True):
            for i in range(d):
                visible[i] += sign * v[i] / n
                for j in range(h):
                    weight[j][i] += sign * p[j] * v[i] / n
            for j in range(h):
                hidden[j] += sign * p[j] / n
    return [torch.tensor(values, dtype=torch.float64) for values in (weight, visible, hidden)]


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("units", UNITS)
def test_its_negative_gradient_is_the_update_of_contrastive_divergence(units, steps):
    parameters = machine(*units)
    leaves = [values.requires_grad_() for values in parameters[:3]]
    loss = contrastive_divergence(parameters, data(), steps, Generator().manual_seed(5))
    with torch.no_grad():
        ends = gibbs_reconstruction(parameters, data(), steps, Generator().manual_seed(5))
        expected = by_loops(parameters, data(), ends)

    for gradient, update in zip(torch.autograd.grad(loss, leaves), expected, strict=True):
        torch.testing.assert_close(-gradient, update)


def test_a_reconstruction_alternates_between_drawn_hidden_and_mean_visible_values():
    parameters, draws = machine(), Generator().manual_seed(2)
    values = data()
    for _ in range(2):
        uniform = torch.rand(6, 3, generator=draws)
        states = torch.zeros(6, 3, dtype=torch.float64)
        for n, j in itertools.product(range(6), range(3)):
            inner = parameters.hidden_bias[j] + parameters.weight[j] @ values[n]
            states[n, j] = float(uniform[n, j] < sigmoid(inner))
        values = (parameters.visible_bias + states @ parameters.weight).sigmoid()

    torch.testing.assert_close(
        gibbs_reconstruction(parameters, data(), 2, Generator().manual_seed(2)), values
    )


@pytest.mark.parametrize("units", ["binary", "gaussian"])
def test_drawn_values_have_the_means_and_variances_of_their_units(units):
    parameters = machine("binary", units)
    row = data(1).expand(20_000, 4)
    drawn = sampled_hidden(parameters, row, Generator().manual_seed(0))
    means = hidden_means(parameters, row[:1])[0]
    variances = means * (1 - means) if units == "binary" else torch.ones(3, dtype=torch.float64)

    torch.testing.assert_close(drawn.mean(dim=0), means, rtol=0, atol=0.03)
    torch.testing.assert_close(drawn.var(dim=0), variances, rtol=0, atol=0.03)


@pytest.mark.parametrize("units", UNITS)
def test_gradients_of_the_free_energy(units):
    leaves = [values.requires_grad_() for values in machine(*units)[:3]]

    assert gradcheck(lambda *values: free_energy(Machine(*values, *units), data()), leaves)


def test_a_machine_learns_two_patterns():
    """After training, data have a lower free energy than other values."""
    rows = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]]).repeat(20, 1)
    others = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]])
    generator = Generator().manual_seed(0)
    weight = (0.1 * torch.randn(4, 4, generator=generator)).requires_grad_()
    biases = [torch.zeros(4, requires_grad=True) for _ in range(2)]
    parameters = Machine(weight, *biases, "binary", "binary")
    optimizer = torch.optim.SGD([weight, *biases], lr=0.2, momentum=0.5)
    for _ in range(500):
        optimizer.zero_grad()
        contrastive_divergence(parameters, rows, 1, generator).backward()
        optimizer.step()

    assert free_energy(parameters, rows).max() < free_energy(parameters, others).min() - 1
