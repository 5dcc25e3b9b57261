import pytest
import torch

from dcrf.batch import Clock
from dcrf.functional.dip_projections import dip_separation, separating_thresholds
from tests.cases.tiny import CASES, N_CLUSTERS, World

ENTRY = CASES["dip_separation"]


def prepared():
    world = World(ENTRY)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def test_the_loss_is_the_separation_of_the_clusters_of_the_epoch():
    world, indices = prepared(), torch.arange(3, 20)
    features = world.mappings["encoder"](world.data.samples[indices])
    expected = dip_separation(
        features, world.strategy.clusters(world.data.samples)[indices],
        world.strategy.projections.axes, N_CLUSTERS, 2, 1.5, torch.Generator().manual_seed(0),
    )  # fmt: skip

    loss = world.pattern(world.batch(indices))["separation"]

    torch.testing.assert_close(loss, expected)


def test_after_an_epoch_thresholds_move_between_the_old_clusters_and_then_clusters_change():
    world = prepared()
    old = torch.arange(21) % N_CLUSTERS
    world.pattern.clusters = old
    features = world.mappings["encoder"](world.data.samples).detach()
    axes = world.strategy.projections.axes.detach().clone()
    expected = separating_thresholds(features, old, axes, N_CLUSTERS)

    assert world.pattern.after_epoch(Clock(1, 3, True), world.data_pass) == ()

    torch.testing.assert_close(world.strategy.projections.thresholds.values, expected.values)
    assert torch.equal(world.strategy.projections.axes, axes)
    assert torch.equal(world.pattern.clusters, world.strategy.clusters(world.data.samples))


def test_without_clusters_it_names_the_missing_call():
    world = World(ENTRY)
    with pytest.raises(RuntimeError, match="before_iteration"):
        world.pattern(world.batch(torch.arange(2)))
