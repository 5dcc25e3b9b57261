import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.side_targets import squared_target_error

NAN = float("nan")


def slow(outputs, targets):
    losses = [
        sum((output - target) ** 2 for output, target in zip(row, wanted, strict=True))
        for row, wanted in zip(outputs.tolist(), targets.tolist(), strict=True)
        if not any(math.isnan(target) for target in wanted)
    ]
    return sum(losses) / len(losses)


@pytest.mark.parametrize("missing", [[], [0], [1, 4]])
def test_it_is_the_mean_over_the_samples_that_have_targets(missing):
    outputs, targets = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0)).double()
    for row in missing:
        targets[row, row % 3] = NAN

    assert squared_target_error(outputs, targets).item() == pytest.approx(slow(outputs, targets))


def test_a_value_by_hand():
    """(1 - 3)^2 + (2 - 2)^2 = 4 and 1 + 1 = 2, and a sample without targets."""
    outputs = torch.tensor([[1.0, 2.0], [0.0, 0.0], [9.0, 9.0]])
    targets = torch.tensor([[3.0, 2.0], [1.0, -1.0], [NAN, 0.0]])

    assert squared_target_error(outputs, targets).item() == pytest.approx(3)


def test_it_is_0_and_trains_nothing_if_no_sample_has_targets():
    outputs = torch.randn(2, 1, requires_grad=True)
    loss = squared_target_error(outputs, torch.full((2, 1), NAN))
    loss.backward()

    assert loss.item() == 0
    assert not outputs.grad.any()


def test_its_gradient_is_that_of_finite_differences():
    outputs = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    targets = torch.randn(4, 2, dtype=torch.float64)
    targets[2, 0] = NAN

    assert gradcheck(lambda values: squared_target_error(values, targets), [outputs])
