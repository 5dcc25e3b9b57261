import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.adversarial import (
    binary_cross_entropy,
    critic_loss,
    interpolation_penalty,
    mix_with_reversed,
    mixing_coefficients,
)


def points(*shape, seed=0, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return values.requires_grad_(requires_grad)


def test_coefficients_lie_between_zero_and_one_half():
    coefficients = mixing_coefficients(1000, torch.Generator().manual_seed(0))

    assert coefficients.shape == (1000,)
    assert coefficients.min() >= 0
    assert coefficients.max() < 0.5
    assert coefficients.mean().item() == pytest.approx(0.25, abs=0.02)


def test_mixing_by_hand():
    codes = torch.tensor([[0.0], [10.0], [20.0]])
    mixed = mix_with_reversed(codes, torch.tensor([0.0, 0.25, 0.5]))

    assert mixed.tolist() == [[20], [10], [10]]


@pytest.mark.parametrize("shape", [(4, 2), (5, 2), (1, 3), (3, 2, 2, 2)])
def test_mixing_agrees_with_the_formula_in_loops_for_codes_of_any_shape(shape):
    codes, shares = points(*shape), points(shape[0], seed=1).sigmoid() / 2
    n = shape[0]
    expected = [shares[i] * codes[i] + (1 - shares[i]) * codes[n - 1 - i] for i in range(n)]

    torch.testing.assert_close(mix_with_reversed(codes, shares), torch.stack(expected))


def test_critic_loss_by_hand():
    """Means 0.5 and 0.1 against 0.3 and 0.1; then means 0.2 and 0 against 0."""
    on_interpolations = torch.tensor([[0.4, 0.6], [0.0, 0.2]])
    on_regularizers = torch.tensor([[0.2, 0.2], [1.0, -1.0]])
    loss = critic_loss(on_interpolations, torch.tensor([0.3, 0.1]), on_regularizers)

    assert loss.item() == pytest.approx((0.2**2 + 0) / 2 + (0.2**2 + 0) / 2)


def test_a_perfect_critic_loses_nothing():
    shares = points(4).sigmoid() / 2

    assert critic_loss(shares.unsqueeze(1), shares, torch.zeros(4, 2, 2)) == 0


def test_undetected_interpolation_by_hand():
    penalty = interpolation_penalty(torch.tensor([[0.4, 0.6], [0.0, 0.2]]))

    assert penalty.item() == pytest.approx((0.5**2 + 0.1**2) / 2)


def test_cross_entropy_by_hand():
    logits = torch.tensor([[0.0], [math.log(3)]])

    assert binary_cross_entropy(logits, True).item() == pytest.approx(math.log(8 / 3) / 2)
    assert binary_cross_entropy(logits, False).item() == pytest.approx(math.log(8) / 2)


@pytest.mark.parametrize("is_real", [True, False])
def test_cross_entropy_agrees_with_probabilities(is_real):
    logits = points(6, 1)
    probabilities = [1 / (1 + math.exp(-v)) for v in logits.flatten().tolist()]
    expected = -sum(math.log(p if is_real else 1 - p) for p in probabilities) / 6

    assert binary_cross_entropy(logits, is_real).item() == pytest.approx(expected)


@pytest.mark.parametrize("logit", [-1e6, 0.0, 1e6])
def test_cross_entropy_of_a_sure_discriminator_is_finite(logit):
    logits = torch.full((3, 1), logit, requires_grad=True)
    loss = binary_cross_entropy(logits, True) + binary_cross_entropy(logits, False)
    loss.backward()

    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_gradients_are_right():
    shares = points(3, seed=1).sigmoid() / 2
    outputs, others = points(3, 2, requires_grad=True), points(3, 2, seed=2, requires_grad=True)

    assert gradcheck(lambda a: mix_with_reversed(a, shares), (outputs,))
    assert gradcheck(lambda a, b: critic_loss(a, shares, b), (outputs, others))
    assert gradcheck(interpolation_penalty, (outputs,))
    assert gradcheck(lambda a: binary_cross_entropy(a, True), (outputs,))
