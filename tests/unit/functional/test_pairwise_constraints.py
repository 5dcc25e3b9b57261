import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.pairwise_constraints import cannot_link, must_link


def assignments(seed, n=5, k=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64).log_softmax(dim=1)


def slow(p, q, is_linked, probability):
    losses = [
        -math.log(probability(sum(a * b for a, b in zip(row, partner, strict=True))))
        for row, partner, linked in zip(p.tolist(), q.tolist(), is_linked.tolist(), strict=True)
        if linked
    ]
    return sum(losses) / len(losses)


@pytest.mark.parametrize("linked", [[True] * 5, [False, True, True, False, False]])
def test_they_agree_with_loops(linked):
    p, q, linked = assignments(0), assignments(1), torch.tensor(linked)

    assert must_link(p, q, linked).item() == pytest.approx(
        slow(p.exp(), q.exp(), linked, lambda same: same)
    )
    assert cannot_link(p, q, linked).item() == pytest.approx(
        slow(p.exp(), q.exp(), linked, lambda same: 1 - same)
    )


def test_values_by_hand():
    """p.q = 0.9 * 0.2 + 0.1 * 0.8 = 0.26."""
    p, q = torch.tensor([[0.9, 0.1]]).log(), torch.tensor([[0.2, 0.8]]).log()
    linked = torch.tensor([True])

    assert must_link(p, q, linked).item() == pytest.approx(-math.log(0.26))
    assert cannot_link(p, q, linked).item() == pytest.approx(-math.log(0.74))


def test_pairs_that_are_almost_certain_keep_their_digits():
    """1 - p.q is about 2 exp(-40), which float32 cannot tell from 0 beside 1."""
    certain = torch.tensor([[0.0, -40.0]], requires_grad=True)
    loss = cannot_link(certain, certain.detach(), torch.tensor([True]))
    loss.backward()

    assert loss.item() == pytest.approx(40 - math.log(2))
    assert certain.grad.isfinite().all()


@pytest.mark.parametrize("function", [must_link, cannot_link])
def test_without_a_pair_it_is_0_and_trains_nothing(function):
    logits = torch.randn(4, 3, requires_grad=True)
    loss = function(logits.log_softmax(1), logits.log_softmax(1), torch.zeros(4).bool())
    loss.backward()

    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("function", [must_link, cannot_link])
def test_gradients_flow_through_both(function):
    logits = [assignments(seed).requires_grad_() for seed in (0, 1)]
    linked = torch.tensor([True, True, False, True, False])

    assert gradcheck(lambda a, b: function(a.log_softmax(1), b.log_softmax(1), linked), logits)
