import pytest
import torch

from dcrf.batch import Clock, DatasetPass
from tests.cases.tiny import CASES, N_CLUSTERS, N_SAMPLES, World

ENTRY = CASES["soft_reset"]


def refuse(function, indices):
    raise AssertionError("no reset is due")


def test_weights_keep_their_share_and_the_kept_layers_stay():
    world = World({**ENTRY, "reset_interpolation_factor": 0.999})
    net = world.mappings["encoder"].net
    outer, inner = net[0].weight.detach().clone(), net[2].weight.detach().clone()
    world.pattern.after_epoch(Clock(1, 3, True), world.data_pass)
    moved = (net[0].weight.detach() - 0.999 * outer) / 0.001

    assert moved.abs().max() <= 0.5 + 1e-4  # fresh weights of 4 inputs
    assert moved.unique().numel() == moved.numel()
    assert torch.equal(net[2].weight, inner)
    assert not torch.equal(net[0].weight, outer)


def test_without_kept_layers_all_are_reset():
    world = World({**ENTRY, "kept_layer_names": []})
    before = world.mappings["encoder"].net[2].weight.detach().clone()
    world.pattern.after_epoch(Clock(1, 3, True), world.data_pass)

    assert not torch.equal(world.mappings["encoder"].net[2].weight, before)


def test_centroids_are_those_of_a_new_clustering_and_are_returned():
    world = World(ENTRY)
    parameter = world.centroids.values
    replaced = world.pattern.after_epoch(Clock(1, 3, True), world.data_pass)
    features = world.mappings["encoder"](world.data.samples).detach()
    nearest = torch.cdist(features, parameter.detach()).argmin(dim=1)
    means = [features[nearest == k].mean(dim=0) for k in range(N_CLUSTERS)]

    assert len(replaced) == 1
    assert replaced[0] is parameter
    torch.testing.assert_close(parameter.detach(), torch.stack(means))


@pytest.mark.parametrize(("epoch", "is_due"), [(1, False), (3, True), (4, False), (6, True)])
def test_it_acts_every_few_epochs(epoch, is_due):
    world = World({**ENTRY, "reset_interval": 3})
    data_pass = world.data_pass if is_due else DatasetPass(N_SAMPLES, refuse)

    assert len(world.pattern.after_epoch(Clock(epoch, 9, True), data_pass)) == is_due


def test_only_some_samples_are_clustered():
    world, seen = World({**ENTRY, "max_samples": 5}), []

    def run(function, indices):
        seen.extend(indices.tolist())
        return world.data_pass.run(function, indices)

    world.pattern.after_epoch(Clock(1, 3, True), DatasetPass(N_SAMPLES, run))

    assert len(seen) == 5
    assert seen == sorted(set(seen))
