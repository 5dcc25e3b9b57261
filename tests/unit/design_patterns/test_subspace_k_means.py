import math

import pytest
import torch

from dcrf.batch import Clock
from dcrf.errors import TrainingError
from dcrf.functional.subspaces import subspace_k_means
from tests.cases.tiny import CASES, World

ENTRY = CASES["subspace_k_means"]


def test_the_loss_is_that_of_the_rotated_features():
    world, indices = World(ENTRY), torch.tensor([3, 11, 4])
    own = world.strategy.subspaces
    rows = world.mappings["encoder"](world.data.samples[indices]) @ own.rotation
    expected = subspace_k_means(rows, own.split(own.centers), own.weights())

    torch.testing.assert_close(world.pattern(world.batch(indices))["distance"], expected)


def test_after_a_step_the_rotation_is_orthogonal_and_remains_the_same_parameter():
    world = World(ENTRY)
    rotation = world.strategy.subspaces.rotation
    with torch.no_grad():
        rotation.add_(0.1)
    world.act(torch.arange(12))

    assert world.strategy.subspaces.rotation is rotation
    torch.testing.assert_close(rotation.T @ rotation, torch.eye(2))


def test_centers_become_those_of_the_clusters_if_features_stay():
    world = World(ENTRY)
    own = world.strategy.subspaces
    own.centers = own.centers + 0.1
    for iteration in range(1, 200):
        world.act(torch.arange(21), iteration)
    rows = world.mappings["encoder"](world.data.samples).detach() @ own.rotation.detach()
    for centers, clusters in zip(own.split(own.centers), own.nearest_centers(rows), strict=True):
        for k in clusters.unique():
            torch.testing.assert_close(centers[k], rows[clusters == k].mean(dim=0))


def test_a_center_without_samples_becomes_one_of_the_batch():
    world, far = World(ENTRY), torch.tensor([1e3, 1e3])
    world.strategy.subspaces.centers[1] = far
    iteration = 5
    for _ in range(math.isqrt(iteration)):
        world.act(torch.arange(12), iteration)
        assert torch.equal(world.strategy.subspaces.centers[1], far)
    world.act(torch.arange(12), iteration)

    own = world.strategy.subspaces
    rows = world.mappings["encoder"](world.data.samples[:12]) @ own.rotation
    assert any(torch.allclose(own.centers[1], row) for row in rows)
    assert world.pattern.lonely[1] == 0


def test_without_subspaces_it_is_an_error():
    world = World(ENTRY)
    world.strategy.subspaces.centers = torch.empty(4, 0)
    with pytest.raises(TrainingError, match="use_subspaces_during_phases"):
        world.pattern.before_iteration(Clock(1, 1), world.data_pass)
