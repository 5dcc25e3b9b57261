import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from torch.autograd import gradcheck

from dcrf.functional.balanced_assignments import balanced_log_assignments, swapped_cross_entropy


def scores(n, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64)


def slow_sinkhorn(values, regularization, num_iterations):
    """SwAV's algorithm as in its paper: clusters have shares 1/k, then samples have shares 1/n."""
    q = np.exp(np.array(values) / regularization)
    n, k = q.shape
    q /= q.sum()
    for _ in range(num_iterations):
        for j in range(k):
            q[:, j] /= q[:, j].sum() * k
        for i in range(n):
            q[i] /= q[i].sum() * n
    return q * n


@pytest.mark.parametrize(("n", "k", "regularization"), [(8, 3, 0.5), (5, 4, 0.1), (2, 6, 1.0)])
@pytest.mark.parametrize("num_iterations", [1, 3, 50])
def test_it_agrees_with_the_algorithm_in_loops(n, k, regularization, num_iterations):
    values = scores(n, k)
    log_q = balanced_log_assignments(values, regularization, num_iterations)

    torch.testing.assert_close(
        log_q.exp().numpy(), slow_sinkhorn(values.tolist(), regularization, num_iterations)
    )


def test_two_samples_and_two_clusters_by_hand():
    """exp(scores) = [[2, 1], [1, 1]]: clusters [[2/3, 1/2], [1/3, 1/2]], then rows sum to 1."""
    values = torch.tensor([[2.0, 1.0], [1.0, 1.0]]).log()
    q = balanced_log_assignments(values, 1.0, 1).exp()

    torch.testing.assert_close(q, torch.tensor([[4 / 7, 3 / 7], [2 / 5, 3 / 5]]))


def test_clusters_get_equal_shares_and_rows_sum_to_one():
    values = scores(30, 3) + torch.tensor([5.0, 0.0, 0.0])
    q = balanced_log_assignments(values, 0.5, 500).exp()

    torch.testing.assert_close(q.sum(dim=1), torch.ones(30, dtype=torch.float64))
    torch.testing.assert_close(q.sum(dim=0), torch.full((3,), 10.0, dtype=torch.float64))


def test_a_small_regularization_approaches_the_best_balanced_assignment():
    """Optimal transport by linear programming: each cluster gets a third of the samples."""
    values = scores(6, 3, seed=2)
    rows = np.kron(np.eye(6), np.ones(3))
    columns = np.kron(np.ones(6), np.eye(3))
    best = linprog(
        -values.flatten().numpy(),
        A_eq=np.vstack([rows, columns]),
        b_eq=np.concatenate([np.ones(6), np.full(3, 2.0)]),
    )
    q = balanced_log_assignments(values, 0.01, 5000).exp()

    assert (q * values).sum().item() == pytest.approx(-best.fun, abs=0.01)


def test_a_constant_per_sample_does_not_matter_in_the_end():
    values, constants = scores(8, 3), scores(8, 1, seed=1)

    torch.testing.assert_close(
        balanced_log_assignments(values + constants, 0.3, 300),
        balanced_log_assignments(values, 0.3, 300),
    )


def test_scores_that_overflow_as_exponentials_are_balanced_all_the_same():
    values = torch.tensor([[30.0, -30.0], [30.0, -30.0], [-30.0, 30.0], [-30.0, 30.0]])
    q = balanced_log_assignments(values, 0.05, 3).exp()

    torch.testing.assert_close(q, (values > 0).float())


def test_balanced_assignments_have_no_graph():
    values = scores(4, 3).requires_grad_()

    assert not balanced_log_assignments(values, 0.5, 3).requires_grad


def test_the_loss_agrees_with_the_formula_in_loops():
    first, second = scores(5, 3), scores(5, 3, seed=1)
    q_first, q_second = (slow_sinkhorn(s.tolist(), 0.4, 3) for s in (first, second))
    total = 0.0
    for view, targets in ((first, q_second), (second, q_first)):
        for row, target in zip(view.tolist(), targets, strict=True):
            shares = [math.exp(value / 0.2) for value in row]
            total -= sum(t * math.log(s / sum(shares)) for t, s in zip(target, shares, strict=True))

    assert swapped_cross_entropy(first, second, 0.2, 0.4, 3).item() == pytest.approx(total / 5)


def test_gradients_flow_through_predictions_alone():
    first, second = scores(4, 3).requires_grad_(), scores(4, 3, seed=1).requires_grad_()
    swapped_cross_entropy(first, second, 0.5, 0.5, 3).backward()
    q = balanced_log_assignments(second, 0.5, 3).exp()
    # of -sum q log softmax(s / tau): (softmax(s / tau) - q) / tau, divided by the 4 samples
    expected = ((first / 0.5).softmax(dim=1) - q).detach() / 0.5 / 4

    torch.testing.assert_close(first.grad, expected)


def test_gradients_of_predictions_are_right():
    first, second = scores(4, 3), scores(4, 3, seed=1)
    targets = [balanced_log_assignments(s, 0.5, 3).exp() for s in (second, first)]

    def loss(a, b):
        predictions = ((values / 0.5).log_softmax(dim=1) for values in (a, b))
        pairs = zip(targets, predictions, strict=True)
        return sum(-(t * prediction).sum(dim=1).mean() for t, prediction in pairs)

    torch.testing.assert_close(
        loss(first, second), swapped_cross_entropy(first, second, 0.5, 0.5, 3)
    )
    assert gradcheck(loss, (first.requires_grad_(), second.requires_grad_()))
