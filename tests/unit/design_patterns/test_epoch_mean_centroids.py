import pytest
import torch

from dcrf.batch import Clock
from tests.cases.tiny import CASES, N_CLUSTERS, World

ENTRY = CASES["epoch_mean_centroids"]


def prepared():
    world = World(ENTRY)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def test_the_loss_is_the_mean_squared_distance_without_a_half():
    world, indices = prepared(), torch.tensor([3, 11, 4])
    features = world.mappings["encoder"](world.data.samples).detach()
    centroids = world.centroids.values.detach()
    nearest = torch.cdist(features, centroids).argmin(dim=1)
    expected = sum(
        float(((features[i] - centroids[nearest[i]]) ** 2).sum()) for i in indices
    ) / len(indices)

    loss = world.pattern(world.batch(indices))["distance"]

    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert world.centroids.values.grad is None


def test_after_an_epoch_centroids_are_means_of_the_old_clusters_and_then_clusters_change():
    world = prepared()
    old = torch.arange(21) % N_CLUSTERS
    old[:7] = 0
    world.pattern.clusters = old
    features = world.mappings["encoder"](world.data.samples).detach()
    means = torch.stack([features[old == k].mean(dim=0) for k in range(N_CLUSTERS)])
    parameter = world.centroids.values

    assert world.pattern.after_epoch(Clock(1, 3, True), world.data_pass) == ()

    assert world.centroids.values is parameter
    torch.testing.assert_close(parameter.detach(), means)
    assert torch.equal(world.pattern.clusters, torch.cdist(features, means).argmin(dim=1))
    assert not torch.equal(world.pattern.clusters, old)


def test_clusters_stay_within_an_epoch_although_features_move():
    world = prepared()
    before = world.pattern.clusters.clone()
    with torch.no_grad():
        world.mappings["encoder"].net[2].weight.mul_(-1)
    world.pattern.before_iteration(Clock(1, 2), world.data_pass)

    assert torch.equal(world.pattern.clusters, before)


def test_without_clusters_it_names_the_missing_call():
    with pytest.raises(RuntimeError, match="before_iteration"):
        World(ENTRY).pattern(World(ENTRY).batch(torch.arange(2)))


def test_centroids_that_another_pattern_replaces_stay_and_get_their_nearest_samples():
    world = prepared()
    replaced = world.centroids.values.detach().flip(0) + 1.0
    world.centroids.set_values(replaced)

    world.pattern.forget_clusters()
    assert world.pattern.after_epoch(Clock(1, 3, True), world.data_pass) == ()
    assert torch.equal(world.centroids.values.detach(), replaced)
    world.pattern.before_iteration(Clock(2, 4), world.data_pass)

    features = world.mappings["encoder"](world.data.samples).detach()
    assert torch.equal(world.pattern.clusters, torch.cdist(features, replaced).argmin(dim=1))
