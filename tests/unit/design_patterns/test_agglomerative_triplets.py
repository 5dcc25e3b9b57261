import pytest
import torch

from dcrf.batch import Clock
from dcrf.errors import ClusteringError
from dcrf.functional.graph_degree_linkage import merged_by_affinity, neighbor_affinities
from dcrf.functional.neighbors import nearest_neighbors
from dcrf.functional.triplets import Triplets, weighted_triplet_loss
from tests.cases.tiny import CASES, World

ENTRY = CASES["agglomerative_triplets"]


def number(world):
    return world.strategy.merged.number


def test_the_loss_is_that_of_pairs_of_the_strategy_s_clusters():
    """With two clusters and one other sample, every pair has one negative."""
    world, indices = World(ENTRY), torch.tensor([4, 0, 9])
    clusters = torch.arange(21)
    clusters[[4, 9]] = 1
    world.strategy.merged.clusters = clusters
    features = world.mappings["encoder"](world.data.samples[indices])
    triplets = Triplets(torch.tensor([0, 2]), torch.tensor([2, 0]), torch.tensor([1, 1]))
    expected = weighted_triplet_loss(features, triplets, 5.0, 2.0)

    torch.testing.assert_close(world.losses(indices)["triplet"], expected)


def test_a_share_of_the_clusters_is_merged_after_some_epochs():
    world = World({**ENTRY, "epochs_between_merges": 2, "unrolling_rate": 0.3})
    world.strategy.merged.clusters = torch.arange(21)

    world.pattern.after_epoch(Clock(1, 3, True), world.data_pass)
    assert number(world) == 21

    world.pattern.after_epoch(Clock(2, 6, True), world.data_pass)
    assert number(world) == 14

    world.pattern.after_epoch(Clock(3, 9, True), world.data_pass)
    assert number(world) == 14


def test_merges_stop_at_the_number_of_clusters():
    world = World({**ENTRY, "unrolling_rate": 1.0})
    for epoch in (1, 2):
        world.pattern.after_epoch(Clock(epoch, epoch, True), world.data_pass)

        assert number(world) == 3


def test_merges_are_those_of_the_features():
    world = World({**ENTRY, "unrolling_rate": 0.6})
    singles = torch.arange(21)
    world.strategy.merged.clusters = singles
    features = world.mappings["encoder"](world.data.samples).detach()
    affinities = neighbor_affinities(features, nearest_neighbors(features, 5, "euclidean"), 2.0)
    expected = merged_by_affinity(affinities, singles, features, 8, 2, 0.5)

    world.pattern.after_epoch(Clock(1, 1, True), world.data_pass)

    assert torch.equal(world.strategy.merged.clusters, expected)


def test_another_phase_has_no_clusters():
    world = World(ENTRY)
    world.strategy.merged.clusters = torch.empty(0, dtype=torch.int64)

    with pytest.raises(ClusteringError, match="clusters are merged in phase 'training' only"):
        world.losses(torch.arange(4))
