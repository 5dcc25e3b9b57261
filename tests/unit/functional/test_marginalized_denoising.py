"""The marginalized layer against sums over all corruptions."""

import itertools

import pytest
import torch
from torch import Generator

from dcrf.functional.marginalized_denoising import denoising_weights


def features(d=4, n=7):
    return torch.randn(d, n, generator=Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_it_minimizes_the_expected_error_over_all_masks(rate):
    x = features()
    left, right = (torch.zeros(4, 4, dtype=torch.float64) for _ in range(2))
    for mask in itertools.product([0.0, 1.0], repeat=4):
        probability = 1.0
        for kept in mask:
            probability *= (1 - rate) if kept else rate
        y = torch.tensor(mask, dtype=torch.float64).unsqueeze(1) * x
        left += probability * y @ y.T
        right += probability * x @ y.T
    expected = right @ left.inverse()

    torch.testing.assert_close(denoising_weights(x @ x.T, rate, 1e-12), expected)


def test_values_by_hand():
    """S = [[2, 1], [1, 1]], q = 1/2: P = S / 2, Q = [[1, 1/4], [1/4, 1/2]]."""
    products = torch.tensor([[2.0, 1.0], [1.0, 1.0]], dtype=torch.float64)

    weights = denoising_weights(products, 0.5, 1e-12)

    expected = torch.tensor([[0.375, 0.25], [0.125, 0.375]], dtype=torch.float64) / 0.4375
    torch.testing.assert_close(weights, expected)


def test_features_that_never_occur_have_no_weight_and_no_nan():
    products = torch.diag(torch.tensor([3.0, 0.0], dtype=torch.float64))

    weights = denoising_weights(products, 0.5, 1e-5)

    assert weights[0, 0].item() == pytest.approx(1, abs=1e-5)
    assert weights.flatten()[1:].tolist() == [0, 0, 0]


def test_the_products_are_kept():
    products = features() @ features().T
    before = products.clone()
    denoising_weights(products, 0.5, 1e-5)

    assert torch.equal(products, before)
