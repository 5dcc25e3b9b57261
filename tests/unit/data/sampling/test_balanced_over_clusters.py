import pytest
import torch
from torch import Generator

from dcrf.data.sampling.balanced_over_clusters import BalancedOverClusters


def epoch(clusters, seed=0):
    clusters = torch.tensor(clusters)
    order = BalancedOverClusters().order(len(clusters), Generator().manual_seed(seed), clusters)
    return order, clusters[order]


def test_clusters_of_different_sizes_occur_equally_often():
    order, drawn = epoch([0] * 80 + [1] * 15 + [5] * 5)
    numbers, counts = drawn.unique(return_counts=True)

    assert numbers.tolist() == [0, 1, 5]  # empty ones have no share
    assert sorted(counts.tolist()) == [33, 33, 34]
    assert len(order) == 100


@pytest.mark.parametrize("seed", range(5))
def test_no_sample_occurs_again_before_all_others_of_its_cluster(seed):
    clusters = [0] * 80 + [1] * 15 + [2] * 5
    times = torch.bincount(epoch(clusters, seed)[0], minlength=100)

    for members in (times[:80], times[80:95], times[95:]):
        assert members.max() - members.min() <= 1


def test_each_sample_of_a_large_cluster_comes_sooner_or_later():
    seen = {i for seed in range(30) for i in epoch([0] * 80 + [1] * 20, seed)[0].tolist()}

    assert seen == set(range(100))


def test_the_clusters_are_mixed():
    drawn = epoch([0] * 50 + [1] * 50)[1]

    assert 15 < (drawn[1:] != drawn[:-1]).sum() < 85


def test_one_more_sample_is_not_always_of_the_same_cluster():
    more = {epoch([0, 0, 0, 1, 1], seed)[1].sum().item() for seed in range(20)}

    assert more == {2, 3}


def test_noise_is_left_out():
    order, drawn = epoch([-1] * 6 + [0, 0, 3])

    assert set(drawn.tolist()) == {0, 3}
    assert len(order) == 9


@pytest.mark.parametrize("clusters", [None, torch.full((20,), -1)])
def test_without_clusters_samples_are_shuffled(clusters):
    order = BalancedOverClusters().order(20, Generator().manual_seed(4), clusters)

    assert torch.equal(order, torch.randperm(20, generator=Generator().manual_seed(4)))
