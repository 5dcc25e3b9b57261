import math

import pytest
import torch
from scipy.stats import t
from torch.autograd import gradcheck

from dcrf.functional.similarities import log_student_t_similarities, similarity_cross_entropy


def points(n, d, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64)


def similarities(rows, degrees):
    """By scipy's density of Student's t distribution, whose argument is the distance."""
    result = []
    for i, row in enumerate(rows):
        others = [other for j, other in enumerate(rows) if j != i]
        kernels = [t.pdf(math.dist(row, other), degrees) for other in others]
        result.append([kernel / sum(kernels) for kernel in kernels])
    return result


@pytest.mark.parametrize("degrees", [1.0, 20.0, 0.5])
def test_similarities_are_normalized_densities_of_students_t(degrees):
    rows = points(6, 3) + 5
    expected = torch.tensor(similarities(rows.tolist(), degrees), dtype=torch.float64)

    torch.testing.assert_close(log_student_t_similarities(rows, degrees).exp(), expected)


def test_the_cross_entropy_agrees_with_the_formula_in_loops():
    codes, embeddings = points(5, 4), points(5, 2, seed=1)
    p, q = similarities(codes.tolist(), 20), similarities(embeddings.tolist(), 1)
    expected = -sum(
        a * math.log(b) for i in range(5) for a, b in zip(p[i], q[i], strict=True)
    ) / 5  # fmt: skip

    assert similarity_cross_entropy(codes, embeddings, 20, 1).item() == pytest.approx(expected)


def test_three_points_on_a_line_by_hand():
    line = torch.tensor([[0.0], [1.0], [3.0]])
    expected = [[1 / 2, 1 / 10], [1 / 2, 1 / 5], [1 / 10, 1 / 5]]
    expected = [[value / sum(row) for value in row] for row in expected]

    torch.testing.assert_close(log_student_t_similarities(line, 1.0).exp(), torch.tensor(expected))


def test_gradients_flow_through_both():
    inputs = points(5, 3).requires_grad_(), points(5, 2, seed=1).requires_grad_()

    assert gradcheck(lambda a, b: similarity_cross_entropy(a, b, 20, 1), inputs)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_points_lose_nothing(n):
    embeddings = points(n, 2).requires_grad_()
    loss = similarity_cross_entropy(points(n, 3), embeddings, 20, 1)
    loss.backward()

    assert loss.item() == 0
    assert not embeddings.grad.any()


def test_equal_points_and_far_ones_have_finite_gradients():
    embeddings = torch.tensor([[0.0], [0.0], [1e6]], requires_grad=True)
    loss = similarity_cross_entropy(torch.zeros(3, 2), embeddings, 20, 1)
    loss.backward()

    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()
