import pytest
import torch

from dcrf.batch import Clock, DatasetPass
from dcrf.errors import TrainingError
from dcrf.functional.cluster_tree import tree_compression
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["tree_compression"]


def test_the_loss_is_that_of_the_nearest_leaves():
    world, indices = World(ENTRY), torch.arange(2, 12)
    tree = world.strategy.tree
    features = world.mappings["encoder"](world.data.samples[indices])
    leaves = torch.cdist(features, tree.centers[tree.shape.leaves]).argmin(dim=1)
    expected = tree_compression(features, tree.centers, leaves, tree.shape)

    torch.testing.assert_close(world.pattern(world.batch(indices))["compression"], expected)


def test_after_a_step_weights_follow_the_batch_and_light_leaves_are_pruned():
    world = World({**ENTRY, "growth_interval": 9})
    tree = world.strategy.tree
    world.strategy.grow(world.mappings["encoder"](world.data.samples).detach(), world.generator)
    for iteration in range(1, 6):  # a leaf without samples loses half its weight in each
        world.act(torch.tensor([0, 0, 0]), iteration)

    assert len(tree.shape.leaves) == 2
    assert tree.weights[tree.shape.leaves].max() > 2.5


def test_the_tree_grows_every_few_epochs():
    world = World({**ENTRY, "growth_interval": 2})

    def refuse(function, indices):
        raise AssertionError("no split is due")

    world.pattern.after_epoch(Clock(1, 3, True), DatasetPass(N_SAMPLES, refuse))
    assert len(world.strategy.tree.shape.leaves) == 2
    world.pattern.after_epoch(Clock(2, 6, True), world.data_pass)
    assert len(world.strategy.tree.shape.leaves) == 3


def test_without_a_tree_it_is_an_error():
    world = World(ENTRY)
    world.strategy.tree.centers.data = torch.empty(7, 0)
    with pytest.raises(TrainingError, match="use_tree_during_phases"):
        world.pattern.before_iteration(Clock(1, 1), world.data_pass)
