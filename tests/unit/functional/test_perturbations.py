import math

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from torch.autograd import gradcheck

from dcrf.functional.perturbations import (
    adversarial_directions,
    along,
    divergence_from_targets,
    unit_directions,
)


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def log_probabilities(n, k, seed=0):
    return random(n, k, seed=seed).log_softmax(dim=1)


def test_the_divergence_is_the_mean_of_scipys():
    p, q = log_probabilities(6, 4), log_probabilities(6, 4, seed=1)
    expected = entropy(p.exp().numpy(), q.exp().numpy(), axis=1).mean()

    assert divergence_from_targets(p, q).item() == pytest.approx(expected)


def test_the_divergence_by_hand():
    p, q = torch.tensor([[0.5, 0.5], [0.9, 0.1]]), torch.tensor([[0.25, 0.75], [0.9, 0.1]])
    expected = (0.5 * math.log(2) + 0.5 * math.log(2 / 3)) / 2

    assert divergence_from_targets(p.log(), q.log()).item() == pytest.approx(expected, rel=1e-5)


def test_its_gradient_is_that_of_the_cross_entropy_of_the_paper():
    p, logits = log_probabilities(5, 3), random(5, 3, seed=1).requires_grad_()
    cross_entropy = -(p.exp() * logits.log_softmax(dim=1)).sum(dim=1).mean()
    divergence = divergence_from_targets(p, logits.log_softmax(dim=1))

    torch.testing.assert_close(
        torch.autograd.grad(divergence, logits), torch.autograd.grad(cross_entropy, logits)
    )
    assert gradcheck(lambda z: divergence_from_targets(p, z.log_softmax(dim=1)), (logits,))


def test_directions_have_length_1_whatever_the_scale():
    values = torch.tensor([[[3.0, 0.0], [0.0, -4.0]], [[3e-30, 0.0], [0.0, -4e-30]]])
    expected = torch.tensor([[0.6, 0.0], [0.0, -0.8]]).expand(2, 2, 2)

    torch.testing.assert_close(unit_directions(values), expected)
    assert torch.equal(unit_directions(torch.zeros(2, 3)), torch.zeros(2, 3))


def test_a_power_iteration_is_the_gradient_by_finite_differences():
    weights, samples, xi = random(4, 3), random(5, 4, seed=1), 2.0
    start = unit_directions(random(5, 4, seed=2))
    targets = (samples @ weights).log_softmax(dim=1)

    def divergence(row, direction):
        logits = (samples[row] + xi * direction) @ weights
        return entropy(targets[row].exp().numpy(), logits.softmax(dim=0).numpy())

    gradients = np.zeros((5, 4))
    for row in range(5):
        for column in range(4):
            step = torch.zeros(4, dtype=torch.float64)
            step[column] = 1e-5
            above, below = divergence(row, start[row] + step), divergence(row, start[row] - step)
            gradients[row, column] = (above - below) / 2e-5
    expected = gradients / np.linalg.norm(gradients, axis=1, keepdims=True)

    directions = adversarial_directions(
        lambda x: (x @ weights).log_softmax(dim=1), samples, targets, start, xi
    )

    torch.testing.assert_close(directions, torch.from_numpy(expected), rtol=1e-6, atol=1e-6)
    assert not directions.requires_grad


def test_many_iterations_find_the_direction_of_the_largest_change():
    """For two clusters and one linear map only the direction of the weights matters."""
    difference = torch.tensor([0.6, 0.8, 0.0], dtype=torch.float64)

    def predict(x):
        logits = x @ difference
        return torch.stack([logits, -logits], dim=1).log_softmax(dim=1)

    samples = 0.1 * random(6, 3)
    start = unit_directions(random(6, 3, seed=1))
    directions = adversarial_directions(predict, samples, predict(samples), start, 1e-3, 5)

    torch.testing.assert_close((directions @ difference).abs(), torch.ones(6, dtype=torch.float64))


def test_a_sample_whose_predictions_do_not_change_has_no_direction():
    start = unit_directions(torch.ones(2, 3))
    directions = adversarial_directions(
        lambda x: (x * 0).log_softmax(dim=1), torch.ones(2, 3), torch.full((2, 3), 1 / 3).log(),
        start, 10.0,
    )  # fmt: skip

    assert torch.equal(directions, torch.zeros(2, 3))


def test_perturbations_have_the_lengths_of_their_radii():
    directions = unit_directions(random(3, 2, 2, 1))
    radii = torch.tensor([0.0, 0.5, 7.0], dtype=torch.float64)

    lengths = along(directions, radii).flatten(1).norm(dim=1)

    torch.testing.assert_close(lengths, radii)
