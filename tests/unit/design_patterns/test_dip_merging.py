import torch

from dcrf.batch import Clock
from dcrf.functional.dip_merging import merged_by_dip, merging_loss
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

    assert world.pattern.after_epoch(Clock(1, 3, True), world.data_pass) == ()

    assert torch.equal(world.pattern.clusters, merged.clusters)
    assert len(world.strategy.exemplars.samples) == len(merged.means)
    world.pattern.after_epoch(Clock(2, 6, True), world.data_pass)
    assert world.pattern.clusters is None


def test_without_a_merge_samples_get_the_nearest_exemplar():
    world = World({**ENTRY, "merge_threshold": 1.0})
    world.pattern.after_epoch(Clock(1, 3, True), world.data_pass)

    assert world.pattern.clusters is None
    assert len(world.strategy.exemplars.samples) == 3
    assert world.strategy.exemplars.p_values.any()
