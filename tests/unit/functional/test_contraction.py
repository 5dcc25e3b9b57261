import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.contraction import squared_jacobian_norm


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def network(inputs, weights):
    return (inputs.flatten(1) @ weights).tanh() + inputs.flatten(1)[:, :1].square()


def axes(d):
    return torch.eye(d, dtype=torch.float64).unsqueeze(1)


def test_it_is_the_squared_frobenius_norm_by_finite_differences():
    samples, weights, expected = random(5, 2, 2), random(4, 3, seed=1), 0.0
    for i in range(5):
        for row in range(2):
            for column in range(2):
                step = torch.zeros_like(samples)
                step[i, row, column] = 1e-6
                above, below = network(samples + step, weights), network(samples - step, weights)
                expected += ((above - below)[i] / 2e-6).square().sum().item() / 5

    inputs = samples.requires_grad_()
    norm = squared_jacobian_norm(network(inputs, weights), inputs, axes(3))

    assert norm.item() == pytest.approx(expected, rel=1e-7)


def test_the_norm_of_a_linear_map_is_that_of_its_matrix():
    inputs, matrix = random(6, 2).requires_grad_(), torch.tensor([[3.0, 1.0], [0.0, 2.0]]).double()

    norm = squared_jacobian_norm(inputs @ matrix, inputs, axes(2))

    assert norm.item() == pytest.approx(9 + 1 + 4)


def test_the_norm_of_a_sigmoid_layer_by_its_closed_form():
    """sum_j (h_j (1 - h_j))^2 sum_k w_kj^2, as the paper states it."""
    inputs, weights = random(5, 4).requires_grad_(), random(4, 3, seed=1)
    hidden = (inputs @ weights).sigmoid()
    closed_form = ((hidden * (1 - hidden)).square() * weights.square().sum(0)).sum(1).mean()

    torch.testing.assert_close(squared_jacobian_norm(hidden, inputs, axes(3)), closed_form)


def test_the_mean_of_many_estimates_is_the_norm():
    inputs, weights = random(5, 4).requires_grad_(), random(4, 3, seed=1)
    outputs = network(inputs, weights)
    directions = random(2000, 5, 3, seed=2) / 2000**0.5

    estimate = squared_jacobian_norm(outputs, inputs, directions).item()

    assert estimate == pytest.approx(
        squared_jacobian_norm(outputs, inputs, axes(3)).item(), rel=0.05
    )


def test_gradients_reach_the_weights():
    inputs, weights = random(4, 4).requires_grad_(), random(4, 3, seed=1).requires_grad_()

    assert gradcheck(
        lambda w: squared_jacobian_norm(network(inputs, w), inputs, axes(3)), (weights,)
    )
