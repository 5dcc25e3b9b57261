import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.siamese import contrastive_loss


def rows(seed, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(6, 3, generator=generator, dtype=torch.float64)


def test_it_agrees_with_loops():
    anchors, near, far = rows(0), rows(1), rows(2)
    positive = [
        max(math.dist(a, b) - 0.3, 0) ** 2
        for a, b in zip(anchors.tolist(), near.tolist(), strict=True)
    ]
    negative = [
        max(2.5 - math.dist(a, b), 0) ** 2
        for a, b in zip(anchors.tolist(), far.tolist(), strict=True)
    ]

    losses = contrastive_loss(anchors, near, far, 0.3, 2.5)

    assert losses[0].item() == pytest.approx(sum(positive) / 6)
    assert losses[1].item() == pytest.approx(sum(negative) / 6)


def test_values_by_hand():
    """Distances 5 and 0.5: (5 - 1)^2 = 16 and (2 - 0.5)^2 = 2.25."""
    anchors, near, far = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.5, 0.0]])

    losses = contrastive_loss(anchors, near, far, 1.0, 2.0)

    assert [loss.item() for loss in losses] == [16.0, 2.25]


def test_pairs_beyond_their_margins_have_neither_loss_nor_gradient():
    anchors = torch.zeros(1, 2, requires_grad=True)
    near, far = torch.tensor([[0.6, 0.8]]), torch.tensor([[3.0, 4.0]])

    losses = contrastive_loss(anchors, near, far, 1.0, 5.0)
    sum(losses).backward()

    assert [loss.item() for loss in losses] == [0.0, 0.0]
    assert torch.equal(anchors.grad, torch.zeros(1, 2))


def test_equal_samples_have_finite_gradients():
    anchors = torch.ones(2, 2, requires_grad=True)

    sum(contrastive_loss(anchors, torch.ones(2, 2), torch.ones(2, 2), 0.0, 1.0)).backward()

    assert torch.isfinite(anchors.grad).all()


def test_gradients_agree_with_finite_differences():
    inputs = tuple(rows(seed).requires_grad_() for seed in range(3))

    assert gradcheck(lambda *values: contrastive_loss(*values, 0.2, 3.0), inputs)
