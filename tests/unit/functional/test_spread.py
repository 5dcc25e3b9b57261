import numpy as np
import pytest
import torch

from dcrf.functional.spread import mean_deviation


def test_deviations_by_hand():
    # population deviations 1 and 3, not 2 and 18 / sqrt(2) of samples
    points = torch.tensor([[1.0, 0.0], [3.0, 6.0]])

    assert mean_deviation(points).item() == 2


def test_it_is_the_mean_of_the_deviations_of_numpy():
    points = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).double()
    expected = np.mean([np.std(column) for column in points.numpy().T])

    assert mean_deviation(points).item() == pytest.approx(expected)


def test_gradients():
    points = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).double().requires_grad_()

    assert torch.autograd.gradcheck(mean_deviation, points)


@pytest.mark.parametrize("n", [1, 3])
def test_equal_points_have_no_deviation_and_a_gradient_of_0(n):
    points = torch.ones(n, 2, requires_grad=True)
    deviation = mean_deviation(points)
    deviation.backward()

    assert deviation.item() == 0
    assert not points.grad.any()
