import math

import pytest
import torch
from torch.autograd import gradcheck

from dcrf.functional.contrast import (
    normalized_temperature_cross_entropy,
    statistics_vector_contrast,
)


def points(*shape, seed=0, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return values.requires_grad_(requires_grad)


def cosine(one, other):
    return (one @ other / one.norm() / other.norm()).item()


def slow_nt_xent(first, second, temperature):
    """Every anchor of both views in turn: -log of its positive's share among all but itself."""
    total, rows, n = 0.0, [*first, *second], len(first)
    for i, anchor in enumerate(rows):
        positive = math.exp(cosine(anchor, rows[(i + n) % (2 * n)]) / temperature)
        others = sum(math.exp(cosine(anchor, r) / temperature) for r in rows if r is not anchor)
        total -= math.log(positive / others)
    return total / (2 * n)


@pytest.mark.parametrize(("n", "temperature"), [(2, 0.5), (5, 0.1), (1, 1.0)])
def test_it_agrees_with_the_formula_in_loops(n, temperature):
    first, second = points(n, 3), points(n, 3, seed=1)
    loss = normalized_temperature_cross_entropy(first, second, temperature)

    assert loss.item() == pytest.approx(slow_nt_xent(first, second, temperature), abs=1e-12)


def test_two_orthogonal_pairs_by_hand():
    """Each anchor has similarity 1 with its positive and 0 with its two negatives."""
    rows = torch.eye(2)
    loss = normalized_temperature_cross_entropy(rows, rows, 0.5)

    assert loss.item() == pytest.approx(math.log(math.exp(2) + 2) - 2)


def test_the_anchors_of_the_second_view_have_negatives_of_their_own():
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    near = torch.tensor([[1.0, 0.1], [0.1, 1.0]])
    far = torch.tensor([[1.0, -0.1], [-0.1, 1.0]])
    losses = [normalized_temperature_cross_entropy(first, second, 0.5) for second in (near, far)]

    assert losses[0].item() == pytest.approx(slow_nt_xent(first, near, 0.5), rel=1e-5)
    assert losses[1].item() == pytest.approx(slow_nt_xent(first, far, 0.5), rel=1e-5)
    assert losses[0] > losses[1]


def test_the_views_are_interchangeable():
    first, second = points(4, 3), points(4, 3, seed=1)

    torch.testing.assert_close(
        normalized_temperature_cross_entropy(first, second, 0.5),
        normalized_temperature_cross_entropy(second, first, 0.5),
    )


def test_lengths_of_rows_do_not_matter():
    first, second = points(4, 3), points(4, 3, seed=1)

    torch.testing.assert_close(
        normalized_temperature_cross_entropy(first, second, 0.5),
        normalized_temperature_cross_entropy(1e6 * first, second, 0.5),
    )


def test_gradients_are_right():
    first, second = points(3, 2, requires_grad=True), points(3, 2, seed=1, requires_grad=True)

    assert gradcheck(lambda a, b: normalized_temperature_cross_entropy(a, b, 0.5), (first, second))


@pytest.mark.parametrize("scale", [0.0, 1e-25, 1e6])
def test_identical_and_vanishing_rows_give_finite_losses_and_gradients(scale):
    first = torch.full((3, 2), scale, requires_grad=True)
    loss = normalized_temperature_cross_entropy(first, first, 0.1)
    loss.backward()

    assert loss.item() == pytest.approx(math.log(5), rel=1e-5)
    assert first.grad.isfinite().all()


def test_clusters_are_contrasted_by_their_columns():
    first, second = (points(6, 3, seed=s).log_softmax(dim=1) for s in (0, 1))
    expected = slow_nt_xent(first.exp().T, second.exp().T, 1.0)

    assert statistics_vector_contrast(first, second, 1.0).item() == pytest.approx(expected)


def test_two_samples_in_two_clusters_by_hand():
    log_assignments = torch.eye(2).log()
    loss = statistics_vector_contrast(log_assignments, log_assignments, 1.0)

    assert loss.item() == pytest.approx(math.log(math.e + 2) - 1)


@pytest.mark.parametrize("height", [40.0, 1e3, 1e12])
def test_an_empty_cluster_gives_a_finite_loss_and_gradient(height):
    logits = torch.tensor([[0.0, 1.0, -height], [1.0, 0.0, -height]], requires_grad=True)
    loss = statistics_vector_contrast(logits.log_softmax(1), logits.log_softmax(1), 0.5)
    loss.backward()

    assert loss.isfinite()
    assert logits.grad.isfinite().all()
    assert logits.grad.abs().max() < 10


def test_one_cluster_has_nothing_to_be_contrasted_with():
    assert statistics_vector_contrast(torch.zeros(4, 1), torch.zeros(4, 1), 1.0) == 0


def test_numbers_of_clusters_and_order_of_samples_do_not_matter():
    first, second = (points(6, 3, seed=s).log_softmax(dim=1) for s in (0, 1))
    rows, columns = torch.randperm(6, generator=torch.Generator().manual_seed(0)), [2, 0, 1]

    torch.testing.assert_close(
        statistics_vector_contrast(first[rows][:, columns], second[rows][:, columns], 1.0),
        statistics_vector_contrast(first, second, 1.0),
    )
