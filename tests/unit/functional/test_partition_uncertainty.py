import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.partition_uncertainty import partition_uncertainty


def assignments(n, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64).log_softmax(dim=1)


def slow_partition_uncertainty(first, second):
    """-log of the share of each cluster's own cosine among the exponentials of its row."""
    p, q = first.exp().tolist(), second.exp().tolist()
    n, k = len(p), len(p[0])

    def cosine(a, b):
        dot = sum(p[i][a] * q[i][b] for i in range(n))
        lengths = math.hypot(*(row[a] for row in p)) * math.hypot(*(row[b] for row in q))
        return dot / lengths

    rows = [[math.exp(cosine(a, b)) for b in range(k)] for a in range(k)]
    return -sum(math.log(row[a] / sum(row)) for a, row in enumerate(rows)) / k


@pytest.mark.parametrize(("n", "k"), [(6, 3), (2, 5), (1, 2)])
def test_it_agrees_with_the_formula_in_loops(n, k):
    first, second = assignments(n, k), assignments(n, k, seed=1)

    assert partition_uncertainty(first, second).item() == pytest.approx(
        slow_partition_uncertainty(first, second)
    )


def test_certain_and_equal_views_have_the_least_value():
    certain = torch.eye(3).repeat(2, 1).clamp_min(1e-30).log()
    loss = partition_uncertainty(certain, certain)

    assert loss.item() == pytest.approx(math.log(1 + 2 / math.e), rel=1e-6)


def test_equal_assignments_of_all_samples_give_log_k():
    even = torch.full((5, 4), 0.25).log()

    assert partition_uncertainty(even, even).item() == pytest.approx(math.log(4))


def test_the_first_view_has_the_rows():
    """Clusters (1, 0) and (0, 1) against (1, 0) and (0.6, 0.8) by hand."""
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    second = torch.tensor([[1.0, 0.6], [0.0, 0.8]])  # rows need not sum to 1 for the formula
    expected = (math.log(1 + math.exp(0.6 - 1)) + math.log(1 + math.exp(-0.8))) / 2
    loss = partition_uncertainty(first.clamp_min(1e-30).log(), second.clamp_min(1e-30).log())

    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_gradients_are_right():
    logits = [assignments(4, 3, seed).requires_grad_() for seed in (0, 1)]

    assert gradcheck(lambda a, b: partition_uncertainty(a.log_softmax(1), b.log_softmax(1)), logits)


@pytest.mark.parametrize("height", [40.0, 1e3, 1e12])
def test_an_empty_cluster_gives_a_finite_loss_and_gradient(height):
    logits = torch.tensor([[0.0, 1.0, -height], [1.0, 0.0, -height]], requires_grad=True)
    loss = partition_uncertainty(logits.log_softmax(1), logits.log_softmax(1))
    loss.backward()

    assert loss.isfinite()
    assert logits.grad.isfinite().all()
