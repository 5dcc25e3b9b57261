from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from dcrf.batch import Clock, DatasetPass
from dcrf.errors import OptionError, OutputShapeError
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["cluster_classification"]


def prepared(seed=0, **changes):
    world = World({**ENTRY, **changes}, seed=seed)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def test_pseudo_labels_are_the_clusters_of_all_features():
    """Clusters of k-means: each sample is nearest to the mean of its own one."""
    world = prepared()
    features = world.mappings["encoder"](world.data.samples).detach().numpy()
    labels = world.pattern.labels.numpy()
    centers = np.stack([features[labels == k].mean(axis=0) for k in range(3)])

    assert sorted({*labels.tolist()}) == [0, 1, 2]
    assert (cdist(features, centers).argmin(axis=1) == labels).all()


def test_the_head_predicts_the_pseudo_label_of_its_sample_in_the_named_view():
    world = prepared(batch_augmentation_name="noisy")
    indices = torch.tensor([4, 9, 1])
    logits = world.mappings["head"](world.data.views["noisy"][indices])
    expected = torch.nn.functional.cross_entropy(logits, world.pattern.labels[indices])

    torch.testing.assert_close(world.pattern(world.batch(indices))["cross_entropy"], expected)


def test_a_softmax_of_the_head_is_left_out():
    world = prepared(classification_head_name="classifier")
    indices = torch.tensor([4, 9, 1])
    p = world.mappings["classifier"](world.data.samples[indices])
    own = p[torch.arange(3), world.pattern.labels[indices]]

    torch.testing.assert_close(
        world.pattern(world.batch(indices))["cross_entropy"], -own.log().mean()
    )


def test_features_are_clustered_at_the_interval_alone():
    world = prepared(pseudo_label_recalculation_interval=3)
    labels = [world.pattern.labels]
    for iteration in range(2, 7):
        world.pattern.before_iteration(Clock(1, iteration), world.data_pass)
        labels.append(world.pattern.labels)

    assert [a is b for a, b in pairwise(labels)] == [
        True, False, True, True, False,
    ]  # fmt: skip


def test_clusters_keep_their_numbers():
    world = prepared(pseudo_label_recalculation_interval=1)
    before = world.pattern.labels
    for iteration in range(2, 12):  # the clustering numbers its clusters at random
        world.pattern.before_iteration(Clock(1, iteration), world.data_pass)

        assert torch.equal(world.pattern.labels, before)


def test_clusters_that_move_follow_the_means_of_their_samples():
    world = prepared(pseudo_label_recalculation_interval=1, move_clusters=True)
    before = world.pattern.labels.numpy()
    with torch.no_grad():
        for parameter in world.mappings["encoder"].parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    world.pattern.before_iteration(Clock(1, 2), world.data_pass)

    features = world.mappings["encoder"](world.data.samples).detach().double().numpy()
    centers = np.stack([features[before == k].mean(axis=0) for k in range(3)])
    after = world.pattern.labels.numpy()
    assert (cdist(features, centers).argmin(axis=1) == after).all()
    assert 0 < (after != before).mean() < 1


def test_a_cluster_that_has_lost_its_samples_stays_empty():
    world = prepared(pseudo_label_recalculation_interval=1, move_clusters=True)
    world.pattern.labels = world.pattern.labels.masked_fill(world.pattern.labels == 1, 2)
    world.pattern.before_iteration(Clock(1, 2), world.data_pass)

    assert {*world.pattern.labels.tolist()} == {0, 2}


def test_a_new_head_is_drawn_with_each_clustering_but_the_first():
    world = prepared(pseudo_label_recalculation_interval=2, reinitialize_head=True)
    head, encoder = world.mappings["head"], world.mappings["encoder"]
    weights = [head.net[0].weight.clone()]
    kept = [p.clone() for p in encoder.parameters()]
    for iteration in (2, 3, 4):
        world.pattern.before_iteration(Clock(1, iteration), world.data_pass)
        weights.append(head.net[0].weight.clone())

    assert torch.equal(World(ENTRY).mappings["head"].net[0].weight, weights[0])
    assert [torch.equal(a, b) for a, b in pairwise(weights)] == [
        False, True, False,
    ]  # fmt: skip
    assert all(torch.equal(a, b) for a, b in zip(kept, encoder.parameters(), strict=True))
    assert weights[1].abs().max() <= 2**-0.5  # the bound of torch's default for two inputs


def test_more_pseudo_labels_than_clusters_need_as_many_outputs():
    world = prepared(num_pseudo_labels=5)

    assert world.pattern.labels.max() == 4
    with pytest.raises(OutputShapeError, match=r"shape \(3,\) per sample, .* 5 pseudo-labels"):
        world.pattern(world.batch(torch.arange(2)))


def test_labels_are_restored_and_not_made_again():
    world, other = prepared(), World(ENTRY, seed=1)
    other.pattern.load_state_dict(world.pattern.state_dict())

    def refuse(function, indices):
        raise AssertionError("they are known")

    other.pattern.before_iteration(Clock(1, 2), DatasetPass(N_SAMPLES, refuse))

    assert torch.equal(other.pattern.labels, world.pattern.labels)


def test_too_few_samples_are_an_error_of_the_clustering():
    with pytest.raises(OptionError, match="21 samples cannot form 22 clusters") as caught:
        prepared(num_pseudo_labels=22)
    assert caught.value.key == "clustering"


def test_without_labels_it_names_the_missing_call():
    with pytest.raises(RuntimeError, match="before_iteration"):
        World(ENTRY).pattern(World(ENTRY).batch(torch.arange(2)))
