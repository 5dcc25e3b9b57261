import math

import pytest
import torch
from scipy.stats import entropy
from torch.autograd import gradcheck

from dcrf.functional.entropy import mean_entropy, negative_entropy_of_mean


def assignments(n, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64).log_softmax(dim=1)


def test_even_clusters_give_zero_for_certain_assignments():
    assert negative_entropy_of_mean(torch.eye(4).log()).item() == pytest.approx(0, abs=1e-6)


def test_one_cluster_with_all_samples_gives_log_k():
    log_assignments = torch.tensor([[1.0, 0.0, 0.0]] * 5).log()

    assert negative_entropy_of_mean(log_assignments).item() == pytest.approx(math.log(3))


def test_shares_of_three_quarters_and_one_quarter_by_hand():
    log_assignments = torch.tensor([[1.0, 0.0], [0.5, 0.5]]).log()
    expected = math.log(2) + 0.75 * math.log(0.75) + 0.25 * math.log(0.25)

    assert negative_entropy_of_mean(log_assignments).item() == pytest.approx(expected)


def test_it_agrees_with_the_formula_in_loops():
    log_assignments = assignments(5, 3)
    shares = [sum(math.exp(row[j]) for row in log_assignments.tolist()) / 5 for j in range(3)]
    expected = math.log(3) + sum(p * math.log(p) for p in shares)

    assert negative_entropy_of_mean(log_assignments).item() == pytest.approx(expected)


def test_gradients_are_right():
    assert gradcheck(
        lambda logits: negative_entropy_of_mean(logits.log_softmax(dim=1)),
        (assignments(4, 3).requires_grad_(),),
    )


@pytest.mark.parametrize("height", [40.0, 1e3, 1e12])
def test_an_empty_cluster_gives_a_finite_loss_and_gradient(height):
    logits = torch.tensor([[0.0, 1.0, -height], [1.0, 0.0, -height]], requires_grad=True)
    loss = negative_entropy_of_mean(logits.log_softmax(dim=1))
    loss.backward()

    assert loss.item() == pytest.approx(math.log(3) - math.log(2), rel=1e-5)
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("share", [1e-2, 1e-4, 1e-6])
def test_a_small_cluster_adds_its_own_entropy(share):
    shares = torch.tensor([[1 - share, share]], dtype=torch.float64)
    expected = math.log(2) + sum(p * math.log(p) for p in shares[0].tolist())

    assert negative_entropy_of_mean(shares.log()).item() == pytest.approx(expected, rel=1e-12)


def test_one_cluster_alone_is_even():
    assert negative_entropy_of_mean(torch.zeros(4, 1)) == 0


def test_the_order_of_samples_and_clusters_does_not_matter():
    log_assignments = assignments(5, 3)
    moved = log_assignments[[3, 1, 4, 0, 2]][:, [2, 0, 1]]

    torch.testing.assert_close(
        negative_entropy_of_mean(moved), negative_entropy_of_mean(log_assignments)
    )


def test_the_mean_entropy_is_the_mean_of_scipys():
    log_assignments = assignments(5, 3)
    expected = entropy(log_assignments.exp().numpy(), axis=1).mean()

    assert mean_entropy(log_assignments).item() == pytest.approx(expected)


def test_mean_entropies_by_hand():
    log_assignments = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    expected = (math.log(2) + 0.25 * math.log(4) + 0.75 * math.log(4 / 3)) / 2

    assert mean_entropy(log_assignments).item() == pytest.approx(expected, rel=1e-6)
    assert mean_entropy(torch.zeros(4, 5).log_softmax(dim=1)).item() == pytest.approx(math.log(5))


@pytest.mark.parametrize("height", [40.0, 1e3, 1e12])
def test_certain_samples_have_no_entropy_and_a_finite_gradient(height):
    logits = (height * torch.eye(3)).requires_grad_()
    loss = mean_entropy(logits.log_softmax(dim=1))
    loss.backward()

    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert logits.grad.isfinite().all()


def test_gradients_of_the_mean_entropy_are_right():
    logits = assignments(4, 3).requires_grad_()

    assert gradcheck(lambda values: mean_entropy(values.log_softmax(dim=1)), (logits,))
