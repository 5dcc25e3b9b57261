import torch

from dcrf.batch import Clock
from dcrf.functional.dip_merging import merged_by_dip, merging_loss, pair_p_value
from tests.cases.tiny import CASES, World

ENTRY = CASES["dip_merging"]


def test_the_loss_is_that_of_the_nearest_exemplars():
    world, indices = World(ENTRY), torch.arange(3, 12)
    encoder, own = world.mappings["encoder"], world.strategy.exemplars
    features, centers = encoder(world.data.samples[indices]), encoder(own.samples)
    nearest = torch.cdist(features, centers).argmin(dim=1)
    expected = merging_loss(features, centers, own.p_values, nearest)

    torch.testing.assert_close(world.pattern(world.batch(indices))["distance"], expected)


def test_after_an_epoch_clusters_are_merged_and_samples_keep_them_for_an_epoch():
    world = World({**ENTRY, "merge_threshold": 0.01})
    features = world.mappings["encoder"](world.data.samples).detach()
    centers = world.strategy.centers().detach()
    nearest = torch.cdist(features, centers).argmin(dim=1)
    merged = merged_by_dip(features, nearest, centers, 0.01, 2.0)
    assert len(merged.means) < 3

    (replaced,) = world.pattern.after_epoch(Clock(1, 3, True), world.data_pass)

    assert replaced is world.strategy.exemplars.samples
    assert torch.equal(world.pattern.clusters, merged.clusters)
    assert len(world.strategy.exemplars.samples) == len(merged.means)
    world.pattern.after_epoch(Clock(2, 6, True), world.data_pass)
    assert world.pattern.clusters is None


def test_without_a_merge_samples_get_the_nearest_exemplar():
    world = World({**ENTRY, "merge_threshold": 1.0})
    assert world.pattern.after_epoch(Clock(1, 3, True), world.data_pass) == ()

    assert world.pattern.clusters is None
    assert len(world.strategy.exemplars.samples) == 3
    assert world.strategy.exemplars.p_values.any()


def test_before_the_first_iteration_pairs_are_compared_and_samples_keep_their_clusters():
    world = World(ENTRY)
    features = world.mappings["encoder"](world.data.samples).detach()
    nearest = torch.cdist(features, world.strategy.centers().detach()).argmin(dim=1)
    groups = [features[nearest == cluster] for cluster in range(3)]

    world.pattern.before_iteration(Clock(1, 1), world.data_pass)

    p_values = world.strategy.exemplars.p_values
    for m in range(3):
        for n in range(3):
            expected = 0.0 if m == n else pair_p_value(groups[m], groups[n], 2.0)
            assert abs(p_values[m, n].item() - expected) < 1e-6
    assert torch.equal(world.pattern.clusters, nearest)
    world.pattern.clusters = None
    world.pattern.before_iteration(Clock(1, 2), world.data_pass)
    assert world.pattern.clusters is None
