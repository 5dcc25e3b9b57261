from itertools import combinations

import numpy as np
import pytest
import torch

from dcrf.functional.split_and_merge import is_upper_half, merge_costs, split_and_merge


def distances(rows, clusters):
    """The sum of the squared distances to means, by loops."""
    total = 0.0
    for cluster in np.unique(clusters):
        members = rows[clusters == cluster]
        mean = members.sum(axis=0) / len(members)
        total += sum(float(((row - mean) ** 2).sum()) for row in members)
    return total


def random_clusters(seed, n=40, k=5):
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return rows, torch.randint(k, (n,), generator=generator)


def means_of(rows, clusters, k):
    return torch.stack([rows[clusters == cluster].mean(dim=0) for cluster in range(k)])


@pytest.mark.parametrize("seed", range(3))
def test_the_cost_of_a_merge_is_the_increase_of_squared_distances(seed):
    rows, clusters = random_clusters(seed)
    costs = merge_costs(means_of(rows, clusters, 5), torch.bincount(clusters).double())

    for first, second in combinations(range(5), 2):
        merged = clusters.where(clusters != second, torch.tensor(first))
        increase = distances(rows.numpy(), merged.numpy()) - distances(
            rows.numpy(), clusters.numpy()
        )
        assert float(costs[first, second]) == pytest.approx(increase)
    assert torch.equal(costs, costs.T)
    assert costs.diagonal().isinf().all()


def test_the_cost_by_hand():
    costs = merge_costs(torch.tensor([[0.0, 0], [3, 4], [9, 9]]), torch.tensor([2.0, 3, 0]))

    assert float(costs[0, 1]) == pytest.approx(6 / 5 * 25)
    assert costs[2, :2].tolist() == [0, 0]


def test_halves_are_those_of_the_principal_axis():
    rows, _ = random_clusters(7)
    rows = rows * torch.tensor([1.0, 5, 1])
    centered = rows.numpy() - rows.numpy().mean(axis=0)
    axis = np.linalg.svd(centered)[2][0]
    expected = centered @ (axis * np.sign(axis[np.abs(axis).argmax()])) > 0

    assert is_upper_half(rows).tolist() == expected.tolist()


def blobs():
    """Four blobs; the first has two centroids, the last two blobs have one together."""
    generator = torch.Generator().manual_seed(0)
    centers = torch.tensor([[0.0, 0], [10, 0], [0, 10], [3, 13]])
    rows = centers.repeat_interleave(20, dim=0) + 0.3 * torch.randn(80, 2, generator=generator)
    clusters = torch.tensor([0] * 10 + [1] * 10 + [2] * 20 + [3] * 40)
    return rows, clusters, centers


def test_a_blob_with_two_centroids_gives_one_to_two_blobs_with_one():
    rows, clusters, centers = blobs()
    before = means_of(rows, clusters, 4)
    after = split_and_merge(rows, clusters, before, largest_number=5, least_ratio=1.0)

    assert torch.cdist(centers, after).min(dim=1).values.max() < 0.3
    assert torch.equal(after[2], before[2])


@pytest.mark.parametrize(("largest_number", "least_ratio"), [(0, 1.0), (5, 1e9)])
def test_without_a_worthwhile_exchange_nothing_changes(largest_number, least_ratio):
    rows, clusters, _ = blobs()
    before = means_of(rows, clusters, 4)

    assert torch.equal(split_and_merge(rows, clusters, before, largest_number, least_ratio), before)


@pytest.mark.parametrize("seed", range(5))
def test_every_exchange_lowers_the_squared_distances(seed):
    rows, clusters = random_clusters(seed)
    start = means_of(rows, clusters, 5)
    results = [split_and_merge(rows, clusters, start, number, 1.0) for number in range(4)]
    totals = [float(torch.cdist(rows, means).amin(dim=1).square().sum()) for means in results]
    by_clusters = distances(rows.numpy(), clusters.numpy())

    assert totals[1] <= by_clusters
    assert totals[3] <= by_clusters


def test_an_empty_cluster_is_free():
    rows, clusters, _ = blobs()
    clusters = clusters.clamp_max(2)  # blobs 2, 3 and 4 are one cluster, 3 is empty
    before = torch.cat([means_of(rows, clusters, 3), torch.full((1, 2), 99.0)])
    after = split_and_merge(rows, clusters, before, largest_number=1, least_ratio=1.0)

    assert after.abs().max() < 20


@pytest.mark.parametrize("place", [0, 3])
def test_the_number_of_an_empty_cluster_goes_to_the_half_of_another(place):
    rows, clusters, _ = blobs()
    clusters = clusters.clamp_max(2)
    means = means_of(rows, clusters, 3)
    before = torch.cat([means[:place], torch.full((1, 2), 99.0), means[place:]])
    numbers = clusters + (clusters >= place).long()
    after = split_and_merge(rows, numbers, before, largest_number=1, least_ratio=1.0)

    assert ((after - before).abs().amax(dim=1) > 1e-6).sum() == 2
    assert after[place].abs().max() < 20


def test_clusters_may_have_other_numbers():
    rows, clusters, _ = blobs()
    order = torch.tensor([2, 0, 3, 1])
    before = means_of(rows, clusters, 4)
    after = split_and_merge(rows, clusters, before, 5, 1.0)
    renumbered = split_and_merge(rows, order.argsort()[clusters], before[order], 5, 1.0)

    torch.testing.assert_close(renumbered.sort(dim=0).values, after.sort(dim=0).values)


@pytest.mark.parametrize("k", [1, 2])
def test_two_clusters_stay(k):
    means = torch.randn(k, 3)

    assert split_and_merge(torch.randn(9, 3), torch.arange(9) % k, means, 5, 1.0) is means
