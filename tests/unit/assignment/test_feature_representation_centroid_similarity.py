"""Soft assignments to centroids."""

import pytest
import torch
from torch import nn

from dcrf.assignment.centroids import Centroids
from dcrf.assignment.feature_representation_centroid_similarity import (
    FeatureRepresentationCentroidSimilarity,
)
from dcrf.batch import Clock, DatasetPass
from dcrf.builder.schedules import build_schedule
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping

CLOCK, PASS = Clock(1, 1), DatasetPass(0, lambda function, indices: indices)
ANNEALING = {
    "schedule": "deep_k_means_annealing",
    "annealing_initial_value": 0.1,
    "annealing_final_value": 28.13,
    "annealing_iterations_per_value": 2,
    "unit": "iteration",
}


def strategy(measure, temperature=None):
    centroids = Centroids(2)
    assignment = FeatureRepresentationCentroidSimilarity(
        features=Features(TrainableMapping([nn.Identity()])),
        centroids=centroids,
        similarity_measure=measure,
        gaussian_similarity_measure_inverse_temperature=temperature and build_schedule(temperature),
    )
    return assignment, centroids


def test_student_t_by_hand():
    assignment, centroids = strategy("student_t")
    centroids.set_values(torch.tensor([[0.0], [2.0]]))

    # squared distances 1 and 9 -> kernels 1/2 and 1/10
    torch.testing.assert_close(
        assignment(torch.tensor([[-1.0]])).exp(), torch.tensor([[5 / 6, 1 / 6]])
    )
    assert assignment.inverse_temperature == 1


def test_gaussian_by_hand():
    assignment, centroids = strategy("gaussian", 0.5)
    centroids.set_values(torch.tensor([[0.0], [2.0]]))

    expected = torch.tensor([[-0.5, -4.5]]).softmax(1)
    torch.testing.assert_close(assignment(torch.tensor([[-1.0]])).exp(), expected)
    assert assignment.inverse_temperature == 0.5


@pytest.mark.parametrize("measure", ["student_t", "gaussian"])
def test_gradients_reach_features_and_centroids(measure):
    assignment, centroids = strategy(measure, 0.5)
    centroids.set_values(torch.tensor([[0.0], [2.0]]))
    samples = torch.tensor([[0.5], [1.2]], requires_grad=True)

    assignment(samples)[:, 0].sum().backward()

    assert samples.grad.all()
    assert centroids.values.grad.all()


def test_the_cluster_centers_are_the_centroids():
    assignment, centroids = strategy("student_t")
    centroids.set_values(torch.tensor([[1.0], [2.0]]))

    assert assignment.cluster_centers().tolist() == [[1], [2]]
    assert assignment.cluster_centers().requires_grad


def test_annealing_counts_iterations_since_the_centroids_exist():
    assignment, centroids = strategy("gaussian", ANNEALING)
    for _ in range(5):
        assignment.after_iteration(CLOCK, PASS)
    assert assignment.inverse_temperature == pytest.approx(0.1)

    centroids.set_values(torch.zeros(2, 1))
    seen = []
    for _ in range(4):
        seen.append(assignment.inverse_temperature)
        assignment.after_iteration(CLOCK, PASS)

    assert seen[:2] == [0.1, 0.1]
    assert seen[2:] == pytest.approx([0.1 * 2 ** (1 / 0.6931471805599453**2)] * 2)


def test_annealing_ends_with_the_last_value():
    assignment, centroids = strategy("gaussian", {**ANNEALING, "annealing_final_value": 0.3})
    centroids.set_values(torch.zeros(2, 1))
    seen = []
    for _ in range(4):
        seen.append(assignment.is_annealing)
        assignment.after_iteration(CLOCK, PASS)

    assert seen == [True, True, False, False]  # 0.1 twice, and then min(0.42, 0.3)


@pytest.mark.parametrize(
    ("measure", "temperature"),
    [("student_t", None), ("student_t", ANNEALING), ("gaussian", 0.5)],
)
def test_a_fixed_temperature_is_not_annealed(measure, temperature):
    assert not strategy(measure, temperature)[0].is_annealing


def test_annealing_survives_saving():
    assignment, centroids = strategy("gaussian", ANNEALING)
    centroids.set_values(torch.zeros(2, 1))
    for _ in range(7):
        assignment.after_iteration(CLOCK, PASS)
    other, other_centroids = strategy("gaussian", ANNEALING)
    other_centroids.set_values(torch.zeros(2, 1))

    other.load_state_dict(assignment.state_dict())

    assert other.inverse_temperature == assignment.inverse_temperature > 0.1


def test_any_schedule_counts_epochs_across_phases_if_asked_to():
    entry = {"schedule": "step", "values": {"0": 1.0, "2": 3.0}, "unit": "epoch"}
    assignment, centroids = strategy("gaussian", entry)
    centroids.set_values(torch.zeros(2, 1))
    seen = []
    for _ in range(2):  # phases, each of which counts from 1
        for iteration in (1, 2, 3, 4):
            seen.append(assignment.inverse_temperature)
            clock = Clock(1 + (iteration - 1) // 2, iteration, epoch_ends=iteration % 2 == 0)
            assignment.after_iteration(clock, PASS)

    assert seen == [1.0] * 4 + [3.0] * 4


def test_a_gaussian_needs_an_inverse_temperature():
    with pytest.raises(ValueError, match="expected an inverse temperature"):
        strategy("gaussian")


def test_it_says_that_centroids_are_missing():
    assignment, centroids = strategy("student_t")

    assert "not initialized" in assignment.why_not_ready()
    centroids.set_values(torch.zeros(2, 1))
    assert assignment.why_not_ready() is None
