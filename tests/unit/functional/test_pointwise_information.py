import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.pointwise_information import (
    negative_pointwise_information,
    same_cluster_probability,
)


def log_probabilities(n, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64).log_softmax(dim=1)


@pytest.mark.parametrize("beta", [1.0, 0.6])
def test_it_agrees_with_the_formula_in_loops(beta):
    p, q = log_probabilities(5, 3), log_probabilities(5, 3, seed=1)
    shares = [0.2, 0.3, 0.5]
    expected = []
    for row, other in zip(p.exp().tolist(), q.exp().tolist(), strict=True):
        total = sum((row[c] * other[c]) ** beta / shares[c] for c in range(3))
        expected.append(-math.log(total))

    values = negative_pointwise_information(p, q, torch.tensor(shares).double(), beta)

    assert values.tolist() == pytest.approx(expected)


def test_its_mean_is_the_mutual_information_of_a_table_of_pairs():
    """Certain assignments: a pair in one cluster of share s has the information -log s."""
    certain = (500 * torch.eye(3).double()).log_softmax(dim=1)
    shares = torch.tensor([0.5, 0.25, 0.25]).double()

    values = negative_pointwise_information(certain, certain, shares, 1.0)

    assert values.tolist() == pytest.approx([math.log(0.5), math.log(0.25), math.log(0.25)])


def test_probabilities_of_one_cluster_by_hand():
    p, q = torch.tensor([[0.5, 0.5], [0.9, 0.1]]), torch.tensor([[0.5, 0.5], [0.2, 0.8]])

    probabilities = same_cluster_probability(p.log(), q.log())

    assert probabilities.tolist() == pytest.approx([0.5, 0.9 * 0.2 + 0.1 * 0.8])


def test_gradients_flow_through_both_and_stay_finite():
    logits = [log_probabilities(4, 3, seed).requires_grad_() for seed in (0, 1)]
    shares = torch.tensor([0.2, 0.3, 0.5]).double()

    assert gradcheck(
        lambda a, b: negative_pointwise_information(
            a.log_softmax(1), b.log_softmax(1), shares, 0.6
        ),
        logits,
    )

    far = (1e4 * torch.eye(3)).requires_grad_()
    loss = negative_pointwise_information(
        far.log_softmax(1), far.detach().flip(0).log_softmax(1), torch.full((3,), 1 / 3), 0.6
    )
    loss.sum().backward()
    assert loss.isfinite().all()
    assert far.grad.isfinite().all()


def test_a_cluster_without_a_share_leaves_it_finite():
    p = torch.tensor([[1000.0, 0.0]]).log_softmax(dim=1)
    shares = p.exp().mean(dim=0)
    assert shares[1] == 0

    assert negative_pointwise_information(p, p, shares, 1.0).tolist() == [0.0]
