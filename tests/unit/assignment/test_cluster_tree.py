"""The strategy of DeepECT: it grows, is pruned and cut."""

import torch
from torch import Generator, nn

from dcrf.assignment.cluster_tree import ClusterTree
from dcrf.batch import Batch, DatasetPass, Place
from dcrf.clusterings.k_means import KMeans
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams
from dcrf.storage.parameter_files import part_tensors

PLACE = Place("blobs", "training")
CENTERS = torch.tensor([[0.0, 0.0], [40.0, 0.0], [44.0, 0.0], [40.0, 10.0]])
CLUSTERS = torch.arange(4).repeat_interleave(20)
BLOBS = CENTERS[CLUSTERS] + 0.3 * torch.randn(80, 2, generator=Generator().manual_seed(0))


def build(phases=("training",), max_leaves=4, n_clusters=3):
    strategy = ClusterTree(
        features=Features(TrainableMapping([nn.Identity()])),
        n_clusters=n_clusters,
        max_leaves=max_leaves,
        clustering=KMeans(num_restarts=3),
        use_tree_during_phases=phases,
        streams=RandomStreams(0),
    )

    def run(function, indices):
        return torch.cat([function(Batch(part, BLOBS[part])) for part in indices.split(40)])

    strategy.before_phase(PLACE, DatasetPass(len(BLOBS), run))
    return strategy


def grown(n_splits, **options):
    strategy = build(**options)
    for _ in range(n_splits):
        strategy.grow(BLOBS, Generator().manual_seed(0))
    return strategy


def groups(clusters):
    return {tuple(CLUSTERS[clusters == k].unique().tolist()) for k in clusters.unique()}


def test_it_starts_with_two_leaves_and_splits_the_widest_one():
    assert groups(build().clusters(BLOBS)) == {(0,), (1, 2, 3)}
    assert groups(grown(1).clusters(BLOBS)) == {(0,), (1, 2), (3,)}


def test_the_cut_has_k_clusters_and_leaves_may_be_more():
    strategy = grown(2)

    assert len(strategy.tree.shape.leaves) == 4
    assert groups(strategy.clusters(BLOBS)) == {(0,), (1, 2), (3,)}
    assert groups(grown(2, n_clusters=4).clusters(BLOBS)) == {(0,), (1,), (2,), (3,)}


def test_it_does_not_grow_beyond_its_leaves():
    assert len(grown(9, max_leaves=3).tree.shape.leaves) == 3


def test_inner_nodes_are_means_of_their_children():
    tree = grown(2).tree
    for node in tree.shape.inner:
        pair = tree.pairs[node]
        own = (tree.weights[pair].unsqueeze(1) * tree.centers[pair]).sum(dim=0)
        torch.testing.assert_close(tree.centers[node], own / tree.weights[pair].sum())


def test_weights_are_half_old_half_new():
    tree = build().tree
    tree.count(torch.tensor([0, 0, 0, 1]))

    assert tree.weights[tree.shape.leaves].tolist() == [2, 1]


def test_a_sibling_takes_the_place_of_its_parent_if_a_leaf_is_pruned():
    strategy = grown(2)
    tree = strategy.tree
    first = tree.nearest_leaves(BLOBS[CLUSTERS == 0])[0]
    tree.weights[tree.shape.leaves[int(first)]] = 0.05
    others = tree.centers.detach()[[leaf for n, leaf in enumerate(tree.shape.leaves) if n != first]]

    tree.prune(0.1)

    assert len(tree.shape.leaves) == 3
    kept = tree.centers.detach()[tree.shape.leaves]
    assert {tuple(row) for row in kept.tolist()} == {tuple(row) for row in others.tolist()}
    strategy.grow(BLOBS, Generator())
    assert len(strategy.tree.shape.leaves) == 4


def test_two_leaves_remain():
    tree = grown(2).tree
    tree.weights.zero_()
    tree.prune(0.1)

    assert len(tree.shape.leaves) == 2


def test_the_parameter_stays_the_same_object_for_its_optimizer():
    strategy = build()
    parameter = strategy.tree.centers
    strategy.grow(BLOBS, Generator())
    strategy.before_phase(PLACE, None)

    assert strategy.tree.centers is parameter
    assert "use_tree_during_phases" in build(phases=["later"]).why_not_ready()


def test_a_saved_tree_fills_one_that_has_never_started():
    strategy, other = grown(2), build(phases=["later"])

    other.owned().load_state_dict(part_tensors(strategy.owned()))

    assert torch.equal(other.clusters(BLOBS), strategy.clusters(BLOBS))


def test_on_the_meta_device_it_has_a_shape():
    strategy = build(phases=["later"]).to("meta")
    strategy.phases = {"training"}
    samples = BLOBS.to("meta")
    strategy.before_phase(PLACE, DatasetPass(80, lambda f, i: f(Batch(i, samples))))

    assert strategy(samples).shape == (80, 3)
