"""NaN and infinite values are detected, large ones are not mistaken for them."""

import pytest
import torch
from torch import nn

from dcrf.errors import DivergedError
from dcrf.training.finite_checks import (
    are_finite,
    check_losses,
    check_parameters,
    gradient_error,
)

NOT_FINITE = [float("nan"), float("inf"), -float("inf")]


@pytest.mark.parametrize("value", NOT_FINITE)
@pytest.mark.parametrize("place", [0, 5])
def test_one_value_among_many_is_enough(value, place):
    values = torch.ones(6, dtype=torch.float32)
    values[place] = value

    assert not are_finite([torch.zeros(2, 2), values])


@pytest.mark.parametrize(
    "tensors",
    [[], [torch.zeros(3)], [torch.empty(4, 0)], [torch.ones(2), torch.ones(2).double()]],
)
def test_finite_values_are_finite(tensors):
    assert are_finite(tensors)


def test_values_whose_norm_overflows_are_finite():
    large = torch.full((100,), 3e38)

    assert torch.linalg.vector_norm(large).isinf()
    assert are_finite([large])


def test_the_first_loss_that_is_not_finite_is_named():
    losses = {"a": torch.tensor(1.0), "b": torch.tensor(torch.inf), "c": torch.tensor(torch.nan)}

    with pytest.raises(DivergedError, match="b is inf in iteration 7"):
        check_losses(losses, 7)

    check_losses({"a": losses["a"]}, 7)
    check_losses({}, 7)


def test_an_error_names_the_losses_or_all_of_them_together():
    assert "gradient of a and b is not" in str(gradient_error(3, ["a", "b"]))
    assert "gradient of the losses together is not" in str(gradient_error(3))


@pytest.mark.parametrize("value", NOT_FINITE)
def test_parameters_that_are_not_finite_are_an_error(value):
    method = nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(2))  # the latter has none yet
    check_parameters(method)
    with torch.no_grad():
        method[0].bias[1] = value

    with pytest.raises(DivergedError, match="parameters are not finite"):
        check_parameters(method)
