import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.locality import group_sparsity, heat_kernel, locality_preservation


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_similarities_by_hand():
    similarities = heat_kernel(torch.tensor([0.0, 1.0, 3.0]), 2.0)
    expected = [1, math.exp(-0.5), math.exp(-4.5)]

    assert similarities.tolist() == pytest.approx(expected)


def test_locality_agrees_with_the_formula_in_loops():
    features, companions, similarities = random(4, 3), random(4, 2, 3, seed=1), random(4, 2, seed=2)
    expected = 0.0
    for i in range(4):
        for j in range(2):
            for c in range(3):
                difference = features[i, c] - companions[i, j, c]
                expected += similarities[i, j] * difference**2 / 4

    torch.testing.assert_close(locality_preservation(features, companions, similarities), expected)


def test_locality_by_hand():
    features = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    companions = torch.tensor([[[3.0, 4.0]], [[1.0, 3.0]]])

    loss = locality_preservation(features, companions, torch.tensor([[0.5], [2.0]]))

    assert loss.item() == (0.5 * 25 + 2 * 4) / 2


def test_gradients_of_locality_flow_through_both_features():
    inputs = random(4, 3).requires_grad_(), random(4, 2, 3, seed=1).requires_grad_()

    assert gradcheck(lambda z, c: locality_preservation(z, c, random(4, 2).exp()), inputs)


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_sparsity_agrees_with_the_formula_in_loops(size):
    features, expected = random(5, 6), 0.0
    for row in features.tolist():
        for start in range(0, 6, size):
            length = math.sqrt(sum(value**2 for value in row[start : start + size]))
            expected += math.sqrt(size) * length / 5

    assert group_sparsity(features, size).item() == pytest.approx(expected)


def test_sparsity_by_hand():
    features = torch.tensor([[3.0, 4.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])

    assert group_sparsity(features, 2).item() == pytest.approx(math.sqrt(2) * (5 + 1) / 2)


def test_of_equally_long_features_those_in_one_group_are_the_sparsest():
    in_one, in_two = torch.tensor([[3.0, 4.0, 0.0, 0.0]]), torch.tensor([[3.0, 0.0, 4.0, 0.0]])

    assert group_sparsity(in_one, 2) < group_sparsity(in_two, 2)


def test_gradients_of_sparsity_are_right_and_zero_for_a_group_of_zeros():
    assert gradcheck(lambda z: group_sparsity(z, 2), (random(3, 4).requires_grad_(),))

    features = torch.tensor([[0.0, 0.0, 1.0, 0.0]], requires_grad=True)
    group_sparsity(features, 2).backward()

    assert features.grad.tolist() == [[0.0, 0.0, pytest.approx(math.sqrt(2)), 0.0]]
