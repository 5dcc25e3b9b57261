import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.reconstruction import (
    REDUCTIONS,
    binary_cross_entropy,
    cosine_error,
    dropout,
    squared_error,
)

OUTPUTS = torch.tensor([[1.0, 2.0], [0.0, 0.0], [1.0, 1.0]])
TARGETS = torch.tensor([[0.0, 0.0], [0.0, 3.0], [1.0, 1.0]])
ERRORS = {"mean_across_samples": 14 / 3, "mean_across_elements": 14 / 6, "sum": 14.0}


def test_every_reduction_has_a_value_by_hand():
    assert ERRORS.keys() == REDUCTIONS.keys()


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_errors_by_hand(reduction):
    error = squared_error(OUTPUTS, TARGETS, reduction)

    assert error.item() == pytest.approx(ERRORS[reduction])


def test_the_mean_across_samples_is_the_default():
    assert squared_error(OUTPUTS, TARGETS).item() == pytest.approx(14 / 3)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_it_agrees_with_the_sums_in_loops(reduction):
    generator = torch.Generator().manual_seed(0)
    outputs, targets = torch.rand(2, 4, 1, 3, 2, generator=generator, dtype=torch.float64)
    errors = [
        sum((a - b) ** 2 for a, b in zip(o.flatten().tolist(), t.flatten().tolist(), strict=True))
        for o, t in zip(outputs, targets, strict=True)
    ]
    expected = {
        "mean_across_samples": sum(errors) / 4,
        "mean_across_elements": sum(errors) / 24,
        "sum": sum(errors),
    }

    assert squared_error(outputs, targets, reduction).item() == pytest.approx(expected[reduction])


def test_a_flat_reconstruction_of_an_image_is_compared_by_element():
    image = torch.arange(8.0).reshape(2, 1, 2, 2)

    assert squared_error(image.flatten(1), image) == 0


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 1\) cannot be compared .* shape \(2, 4\)"):
        squared_error(torch.zeros(2, 1), torch.zeros(2, 4))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_gradients_are_right(reduction):
    outputs = torch.rand(3, 2, dtype=torch.float64, requires_grad=True)
    targets = torch.rand(3, 2, dtype=torch.float64, requires_grad=True)

    assert gradcheck(lambda a, b: squared_error(a, b, reduction), (outputs, targets))


def test_a_perfect_and_a_terrible_reconstruction_are_finite():
    assert squared_error(TARGETS, TARGETS) == 0
    assert squared_error(TARGETS + 1e6, TARGETS).isfinite()


def test_dropout_drops_its_share_and_keeps_the_mean():
    values = torch.ones(200, 100)
    corrupted = dropout(values, 0.2, torch.Generator().manual_seed(0))

    assert set(corrupted.unique().tolist()) == {0.0, 1.25}
    assert (corrupted == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert corrupted.mean().item() == pytest.approx(1, abs=0.01)
    assert (values == 1).all()


def test_dropout_with_rate_zero_changes_nothing():
    values = torch.rand(5, 4)

    assert (dropout(values, 0.0, torch.Generator()) == values).all()


def test_dropout_draws_from_its_generator_alone():
    values, state = torch.ones(50), torch.get_rng_state()
    first, second = (dropout(values, 0.5, torch.Generator().manual_seed(s)) for s in (1, 1))

    assert (first == second).all()
    assert (torch.get_rng_state() == state).all()


def rows(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_binary_cross_entropy_agrees_with_the_logarithms_in_loops(reduction):
    logits, targets = rows(3, 2, 2), rows(3, 4, seed=1).sigmoid()
    errors = [
        -t * math.log(1 / (1 + math.exp(-a))) - (1 - t) * math.log(1 - 1 / (1 + math.exp(-a)))
        for a, t in zip(logits.flatten().tolist(), targets.flatten().tolist(), strict=True)
    ]
    divisor = {"mean_across_samples": 3, "mean_across_elements": 12, "sum": 1}[reduction]
    loss = binary_cross_entropy(logits, targets, reduction)

    assert loss.item() == pytest.approx(sum(errors) / divisor)


def test_a_binary_cross_entropy_by_hand():
    logits = torch.tensor([[0.0, math.log(3)]])

    assert binary_cross_entropy(logits, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(
        math.log(2) + math.log(4)
    )


def test_confident_logits_have_finite_cross_entropies():
    logits = torch.tensor([[1e4, -1e4]], requires_grad=True)
    loss = binary_cross_entropy(logits, torch.tensor([[0.0, 1.0]]))
    loss.backward()

    assert loss.item() == 2e4
    assert logits.grad.tolist() == [[1, -1]]


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_binary_cross_entropy_of_values_beyond_0_and_1_names_their_range(value):
    targets = torch.tensor([[0.0, 1.0, value]])

    with pytest.raises(ValueError, match=rf"from 0 to 1, but they go from .*{value}.*: scale"):
        binary_cross_entropy(torch.zeros(1, 3), targets)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_cosine_error_agrees_with_the_angle_in_loops(reduction):
    outputs, targets = rows(3, 2, 2), rows(3, 4, seed=1)
    errors = [
        1 - sum(a * b for a, b in zip(o, t, strict=True)) / math.hypot(*o) / math.hypot(*t)
        for o, t in zip(outputs.flatten(1).tolist(), targets.tolist(), strict=True)
    ]
    expected = sum(errors) / (1 if reduction == "sum" else 3)

    assert cosine_error(outputs, targets, reduction).item() == pytest.approx(expected)


def test_a_row_of_zeros_is_at_right_angles_to_all_others():
    outputs = torch.zeros(1, 2, requires_grad=True)
    loss = cosine_error(outputs, torch.tensor([[1.0, 0.0]]))
    loss.backward()

    assert loss.item() == 1
    assert outputs.grad.isfinite().all()


@pytest.mark.parametrize("error", [squared_error, binary_cross_entropy, cosine_error])
def test_gradients_of_every_error_are_right(error):
    targets = rows(3, 4, seed=1).sigmoid()

    assert gradcheck(lambda outputs: error(outputs, targets), (rows(3, 4).requires_grad_(),))


@pytest.mark.parametrize("error", [squared_error, binary_cross_entropy, cosine_error])
def test_every_error_rejects_another_number_of_elements(error):
    with pytest.raises(ValueError, match="numbers of elements differ"):
        error(torch.zeros(2, 1), torch.zeros(2, 4))
