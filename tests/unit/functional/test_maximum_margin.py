"""The hinge loss against loops, scikit-learn and hand values."""

import numpy as np
import pytest
import torch
from sklearn.metrics import hinge_loss as of_scikit_learn
from torch import Generator
from torch.autograd import gradcheck

from dcrf.functional.maximum_margin import hinge_loss


def scores(n=9, k=4):
    return torch.randn(n, k, generator=Generator().manual_seed(0), dtype=torch.float64)


CLUSTERS = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 3])


def test_it_is_that_of_scikit_learn():
    expected = of_scikit_learn(CLUSTERS.numpy(), scores().numpy(), labels=np.arange(4))

    assert hinge_loss(scores(), CLUSTERS).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("margin", [0.3, 2.0])
def test_it_is_a_mean_over_samples_by_loops(margin):
    total = 0.0
    for row, c in zip(scores().tolist(), CLUSTERS.tolist(), strict=True):
        total += max(0.0, margin + max(s for k, s in enumerate(row) if k != c) - row[c])

    assert hinge_loss(scores(), CLUSTERS, margin).item() == pytest.approx(total / 9, rel=1e-12)


def test_values_by_hand():
    values = torch.tensor([[3.0, 1.0, 0.0], [3.0, 2.5, 0.0], [0.0, 1.0, 4.0]])

    assert hinge_loss(values, torch.tensor([0, 0, 1])).item() == pytest.approx((0 + 0.5 + 4) / 3)


def test_noise_loses_nothing_and_has_no_gradient():
    values = scores().requires_grad_()
    clusters = CLUSTERS.clone()
    clusters[:8] = -1

    loss = hinge_loss(values, clusters, 5.0)
    (gradient,) = torch.autograd.grad(loss, values)

    assert loss.item() == pytest.approx(hinge_loss(scores()[8:], CLUSTERS[8:], 5.0).item() / 9)
    assert not gradient[:8].any()
    assert gradient[8].any()


def test_an_offset_of_a_row_does_not_matter():
    torch.testing.assert_close(
        hinge_loss(scores().log_softmax(1), CLUSTERS), hinge_loss(scores(), CLUSTERS)
    )


def test_gradients():
    assert gradcheck(lambda s: hinge_loss(s, CLUSTERS), scores().requires_grad_())
