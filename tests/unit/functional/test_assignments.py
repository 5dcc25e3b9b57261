import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck
from torch.utils._python_dispatch import TorchDispatchMode

from dcrf.functional.assignments import (
    annealed_inverse_temperature,
    gaussian_log_assignments,
    hard_log_assignments,
    most_probable_clusters,
    nearest_center_log_assignments,
    squared_distances,
    student_t_log_assignments,
    target_distribution,
)


def points(*shape, seed=0, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return values.requires_grad_(requires_grad)


def gaussian(features, centroids):
    return gaussian_log_assignments(features, centroids, 0.7)


every_kernel = pytest.mark.parametrize("kernel", [student_t_log_assignments, gaussian])


def slow_squared_distance(one, other):
    return sum((a - b) ** 2 for a, b in zip(one.tolist(), other.tolist(), strict=True))


def slow_normalized(rows):
    return torch.tensor([[v / sum(row) for v in row] for row in rows], dtype=torch.float64)


def test_distances_of_three_four_five():
    distances = squared_distances(torch.tensor([[0.0, 0], [3, 4]]), torch.tensor([[0.0, 0]]))

    assert distances.tolist() == [[0], [25]]


def test_distances_keep_their_digits_far_from_the_origin():
    features = torch.tensor([[1000.0, 1000.0]])

    assert squared_distances(features, features + 0.0625).item() == 2 * 0.0625**2


@pytest.mark.parametrize("gap", [0.05, 0.5])
@pytest.mark.parametrize("n", [20, 256])
def test_the_nearest_center_is_right_far_from_the_origin(gap, n):
    """torch.cdist expands the square above 25 rows: 90 % of these were wrong with gaps of 0.05."""
    centers = 1000 + gap * torch.arange(10.0).unsqueeze(1).expand(10, 4)
    clusters = torch.arange(n) % 10

    log_assignments = nearest_center_log_assignments(centers[clusters] + 0.1 * gap, centers)

    assert torch.equal(log_assignments.argmax(dim=1), clusters)
    assert torch.equal(log_assignments.exp().sum(dim=1), torch.ones(n))


def test_the_nearest_center_takes_no_memory_for_each_dimension():
    features, centers, sizes = torch.rand(100, 50), torch.rand(30, 50), []

    class Sizes(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            output = function(*args, **(kwargs or {}))
            sizes.append(output.numel())
            return output

    with Sizes():
        nearest_center_log_assignments(features, centers)

    assert max(sizes) == 100 * 30


def test_of_two_nearest_centers_the_first_is_taken():
    log_assignments = nearest_center_log_assignments(torch.zeros(1, 1), torch.ones(3, 1))

    assert log_assignments.tolist() == [[0, -math.inf, -math.inf]]


def test_distances_may_be_to_a_point_of_each_row():
    features, own = points(4, 3), points(4, 1, 3, seed=1)
    expected = [[slow_squared_distance(f, c[0])] for f, c in zip(features, own, strict=True)]

    torch.testing.assert_close(squared_distances(features, own), torch.tensor(expected).double())


def test_points_of_different_spaces_have_no_distance():
    with pytest.raises(ValueError, match="points in 3 dimensions have no distance to points in 1"):
        squared_distances(points(4, 3), points(2, 1))


def test_student_t_by_hand():
    """The kernel squares the distance once: distances 1 and 3 give 1/2 and 1/10."""
    assignments = student_t_log_assignments(
        torch.tensor([[0.0]]), torch.tensor([[1.0], [3.0]])
    ).exp()

    torch.testing.assert_close(assignments, torch.tensor([[5 / 6, 1 / 6]]))


def test_gaussian_by_hand():
    log_assignments = gaussian_log_assignments(
        torch.tensor([[0.0]]), torch.tensor([[1.0], [2.0]]), 0.5
    )
    expected = 1 / (1 + math.exp(-1.5))

    torch.testing.assert_close(log_assignments.exp(), torch.tensor([[expected, 1 - expected]]))


@pytest.mark.parametrize("dof", [1.0, 2.5])
def test_student_t_agrees_with_the_formula_in_loops(dof):
    features, centroids = points(5, 3), points(4, 3, seed=1)
    kernel = [
        [(1 + slow_squared_distance(z, c) / dof) ** (-(dof + 1) / 2) for c in centroids]
        for z in features
    ]

    assignments = student_t_log_assignments(features, centroids, dof).exp()
    torch.testing.assert_close(assignments, slow_normalized(kernel))


def test_gaussian_agrees_with_the_formula_in_loops():
    features, centroids = points(5, 3), points(4, 3, seed=1)
    kernel = [[math.exp(-0.7 * slow_squared_distance(z, c)) for c in centroids] for z in features]

    torch.testing.assert_close(gaussian(features, centroids).exp(), slow_normalized(kernel))


@every_kernel
def test_gradients_of_kernels_are_right(kernel):
    features, centroids = points(4, 3, requires_grad=True), points(2, 3, seed=1, requires_grad=True)

    assert gradcheck(kernel, (features, centroids))


@every_kernel
@pytest.mark.parametrize("distance", [0.0, 1e-6, 1e6])
@pytest.mark.parametrize("k", [1, 3])
def test_identical_and_distant_points_give_finite_probabilities_and_gradients(kernel, distance, k):
    features = torch.full((2, 2), distance, requires_grad=True)
    centroids = torch.zeros(k, 2, requires_grad=True)
    log_assignments = kernel(features, centroids)
    log_assignments.diagonal().sum().backward()

    torch.testing.assert_close(log_assignments.exp().sum(dim=1), torch.ones(2))
    assert log_assignments.isfinite().all()
    assert features.grad.isfinite().all()
    assert centroids.grad.isfinite().all()


@every_kernel
def test_kernels_follow_permutations_of_samples_and_clusters(kernel):
    features, centroids = points(5, 3), points(4, 3, seed=1)
    rows, columns = torch.tensor([3, 1, 4, 0, 2]), torch.tensor([2, 0, 3, 1])
    expected = kernel(features, centroids)[rows][:, columns]

    torch.testing.assert_close(kernel(features[rows], centroids[columns]), expected)


def test_target_distribution_by_hand():
    """Frequencies 1.2 and 0.8: the first row is 0.64/1.2 to 0.04/0.8, so 32/35 to 3/35."""
    target = target_distribution(torch.tensor([[0.8, 0.2], [0.4, 0.6]]))

    torch.testing.assert_close(target, torch.tensor([[32 / 35, 3 / 35], [8 / 35, 27 / 35]]))


def test_target_distribution_agrees_with_the_formula_in_loops():
    q = points(6, 3).softmax(dim=1)
    f = [sum(q[i, j].item() for i in range(6)) for j in range(3)]
    weights = [[q[i, j].item() ** 2 / f[j] for j in range(3)] for i in range(6)]

    torch.testing.assert_close(target_distribution(q), slow_normalized(weights))


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 8.0])
@pytest.mark.parametrize(
    ("normalization", "exponent"), [("frequency", 1), ("root_of_frequency", 0.5), ("none", 0)]
)
def test_powers_and_normalizations_agree_with_the_formula_in_loops(power, normalization, exponent):
    q = points(6, 3, seed=2).softmax(dim=1)
    f = [sum(q[i, j].item() for i in range(6)) for j in range(3)]
    weights = [[q[i, j].item() ** power / f[j] ** exponent for j in range(3)] for i in range(6)]

    torch.testing.assert_close(
        target_distribution(q, power, normalization), slow_normalized(weights)
    )


def test_the_target_of_depict_by_hand():
    """p ~ q / f^(1/2) with f = (1, 4): (0.5, 0.5) -> (0.5, 0.25) -> (2/3, 1/3)."""
    q = torch.tensor([[0.5, 0.5], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.2, 0.8]])
    target = target_distribution(q, 1.0, "root_of_frequency")

    torch.testing.assert_close(target[0], torch.tensor([2 / 3, 1 / 3]))


def test_the_target_of_depict_balances_the_clusters():
    q = (points(40, 3, seed=3) + torch.tensor([2.0, 0.0, 0.0])).softmax(dim=1)
    sizes, balanced = q.sum(dim=0), target_distribution(q, 1.0, "root_of_frequency").sum(dim=0)

    assert balanced.max() - balanced.min() < sizes.max() - sizes.min()


def test_the_target_of_dec_has_the_bytes_of_its_shortest_formula():
    q = points(500, 7, seed=4).float().softmax(dim=1)
    weights = q / q.sum(dim=0) * q

    assert torch.equal(target_distribution(q), weights / weights.sum(dim=1, keepdim=True))


@pytest.mark.parametrize("normalization", ["frequency", "root_of_frequency", "none"])
def test_the_greatest_power_keeps_rows_of_many_clusters(normalization):
    target = target_distribution(torch.full((3, 1000), 1e-3), 8.0, normalization)

    torch.testing.assert_close(target, torch.full((3, 1000), 1e-3))


def test_target_distribution_keeps_no_graph_and_sharpens():
    q = points(6, 3, requires_grad=True).softmax(dim=1)
    target = target_distribution(q)

    assert not target.requires_grad
    assert (target.amax(dim=1) > q.amax(dim=1)).sum() >= 4


@pytest.mark.parametrize("tiny", [0.0, 1e-30, 1e-42])
def test_an_empty_cluster_leaves_the_target_of_the_others_alone(tiny):
    q = torch.tensor([[0.7, 0.3, tiny], [0.4, 0.6, tiny]])
    target = target_distribution(q)

    torch.testing.assert_close(target[:, :2], target_distribution(q[:, :2]))
    torch.testing.assert_close(target[:, 2], torch.zeros(2))


@pytest.mark.parametrize("share", [1e-4, 1e-12])
def test_a_cluster_with_a_tiny_frequency_keeps_its_weight(share):
    """Frequency is divided out: with equal shares, all clusters keep their assignments."""
    q = torch.tensor([[1 - share, share]] * 2)

    torch.testing.assert_close(target_distribution(q), q, atol=0, rtol=1e-5)


def test_the_target_with_one_cluster_is_one():
    assert target_distribution(torch.ones(4, 1)).tolist() == [[1]] * 4


@pytest.mark.parametrize("dof", [1.0, 2.0])
def test_divergence_has_the_gradient_that_dec_gives_for_it(dof):
    """DEC eq. 4 and 5 for the sum over samples: (nu+1)/nu (1 + d^2/nu)^-1 (p - q) (z - mu)."""
    features, centroids = points(5, 3, requires_grad=True), points(4, 3, seed=1, requires_grad=True)
    log_q = student_t_log_assignments(features, centroids, dof)
    p = target_distribution(log_q.exp())
    (p * (p.log() - log_q)).sum().backward()
    differences = (features.unsqueeze(1) - centroids).detach()
    shares = (dof + 1) / dof / (1 + differences.square().sum(dim=2) / dof) * (p - log_q.exp())
    terms = (shares.unsqueeze(2) * differences).detach()

    torch.testing.assert_close(features.grad, terms.sum(dim=1))
    torch.testing.assert_close(centroids.grad, -terms.sum(dim=0))


def test_annealing_ends_where_deep_k_means_ends():
    values = [annealed_inverse_temperature(0.1, 1e9, 10, 10 * i) for i in range(40)]

    assert values[0] == 0.1
    assert values[1] == pytest.approx(0.1 * 2 ** (1 / math.log(2) ** 2))
    assert values[2] == pytest.approx(values[1] * 2 ** (1 / math.log(3) ** 2))
    assert values[39] == pytest.approx(28.13, abs=0.005)


@given(st.integers(0, 10_000), st.integers(1, 500))
def test_annealing_rises_in_steps_up_to_its_end(iteration, per_value):
    value = annealed_inverse_temperature(0.1, 28.13, per_value, iteration)
    step = iteration - iteration % per_value

    assert 0.1 <= value <= 28.13
    assert value == annealed_inverse_temperature(0.1, 28.13, per_value, step)
    assert value <= annealed_inverse_temperature(0.1, 28.13, per_value, iteration + per_value)


def test_hard_assignments_and_back():
    clusters = torch.tensor([2, -1, 0])
    log_assignments = hard_log_assignments(clusters, 3)

    assert log_assignments.exp().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert torch.equal(most_probable_clusters(log_assignments), clusters)


def test_the_first_of_equally_probable_clusters_is_taken():
    assert most_probable_clusters(torch.tensor([[0.2, 0.4, 0.4]]).log()).tolist() == [1]
