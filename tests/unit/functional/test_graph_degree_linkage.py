"""Graph degree linkage by matrices and loops over all pairs of clusters."""

import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.functional.graph_degree_linkage import (
    connected_nearest_neighbors,
    merged_by_affinity,
    neighbor_affinities,
)
from dcrf.functional.neighbors import nearest_neighbors


def blobs(seed, n_blobs=6, size=9, spread=0.6):
    generator = Generator().manual_seed(seed)
    centers = 4 * torch.rand(n_blobs, 3, generator=generator)
    noise = torch.randn(size, n_blobs, 3, generator=generator)
    return (centers + spread * noise).flatten(0, 1).double()


def affinity(weights, first, second):
    """The affinity of two clusters, as it is defined."""
    there, back = weights[np.ix_(first, second)], weights[np.ix_(second, first)]
    return (there @ back).sum() / len(first) ** 2 + (back @ there).sum() / len(second) ** 2


def merged_by_loops(weights, clusters, n_clusters, n_compared, gap_weight):
    """The rule of Yang et al. 2016, with all affinities anew before every merge."""
    groups = [np.flatnonzero(clusters == c) for c in range(clusters.max() + 1)]
    while len(groups) > n_clusters:
        best = (-math.inf, 0, 0)
        for i, group in enumerate(groups):
            others = [(affinity(weights, group, o), -j) for j, o in enumerate(groups) if j != i]
            ranked = sorted(others, reverse=True)
            near = [value for value, _ in ranked] + [0.0] * n_compared
            gaps = [near[0] - value for value in near[1:n_compared]]
            score = near[0] + gap_weight * (np.mean(gaps) if gaps else 0)
            if near[0] > 0 and score > best[0]:
                best = (score, i, -ranked[0][1])
        _, i, j = best
        assert i != j, "no two clusters have an affinity"
        groups[i] = np.concatenate([groups[i], groups[j]])
        del groups[j]
    labels = np.empty(len(clusters), dtype=int)
    for number, group in enumerate(groups):
        labels[group] = number
    return labels


@pytest.mark.parametrize(("n_compared", "gap_weight"), [(1, 1.0), (3, 1.0), (5, 0.5)])
@pytest.mark.parametrize("n_clusters", [2, 7])
@pytest.mark.parametrize("seed", range(2))
def test_merges_are_those_of_the_definition(seed, n_clusters, n_compared, gap_weight):
    points = blobs(seed)
    neighbors = nearest_neighbors(points, 12, "euclidean")
    graph, start = (
        neighbor_affinities(points, neighbors, 1.0),
        connected_nearest_neighbors(neighbors),
    )
    weights = graph.toarray()
    expected = merged_by_loops(weights, start.numpy(), n_clusters, n_compared, gap_weight)

    clusters = merged_by_affinity(graph, start, points, n_clusters, n_compared, gap_weight)

    assert clusters.max() + 1 == n_clusters
    assert adjusted_rand_score(expected, clusters) == 1


def test_the_gap_changes_merges_somewhere():
    results = []
    for n_compared in (1, 5):
        points = blobs(0, size=15)
        neighbors = nearest_neighbors(points, 12, "euclidean")
        start = connected_nearest_neighbors(neighbors)
        graph = neighbor_affinities(points, neighbors, 1.0)
        results.append(merged_by_affinity(graph, start, points, 9, n_compared, 1.0))

    assert adjusted_rand_score(*results) < 1


def test_affinities_by_hand():
    line = torch.tensor([[0.0], [1.0], [3.0]])
    neighbors = nearest_neighbors(line, 1, "euclidean")

    weights = neighbor_affinities(line, neighbors, 2.0).toarray()

    inverse = 1 / (2 * (1 + 1 + 4) / 3)
    expected = [
        [0, math.exp(-inverse), 0],
        [math.exp(-inverse), 0, 0],
        [0, math.exp(-4 * inverse), 0],
    ]
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


def test_equal_points_have_affinity_one():
    points = torch.zeros(4, 2)
    weights = neighbor_affinities(points, nearest_neighbors(points, 2, "euclidean"), 1.0)

    assert weights.sum() == 8


def test_connected_neighbors_by_hand():
    line = torch.tensor([[10.0], [0.0], [11.0], [1.0], [1.5], [30.0], [12.5]])
    neighbors = nearest_neighbors(line, 3, "euclidean")

    assert connected_nearest_neighbors(neighbors).tolist() == [0, 1, 0, 1, 1, 0, 0]


def test_points_are_clusters_if_connected_ones_are_too_few():
    line = torch.tensor([[0.0], [1.0], [8.0], [9.0]])
    neighbors = nearest_neighbors(line, 1, "euclidean")

    assert connected_nearest_neighbors(neighbors, 2).tolist() == [0, 0, 1, 1]
    assert connected_nearest_neighbors(neighbors, 3).tolist() == [0, 1, 2, 3]


def no_edges(n):
    return csr_array((n, n), dtype=np.float64)


def test_the_smallest_isolated_cluster_joins_the_nearest_mean():
    line = torch.tensor([[0.0], [0.2], [2.0], [5.0], [5.2]])
    clusters = torch.tensor([0, 0, 1, 2, 2])

    merged = merged_by_affinity(no_edges(5), clusters, line, 2)

    assert merged.tolist() == [0, 0, 0, 1, 1]


def test_an_isolated_cluster_among_many_joins_before_all_merges():
    """Samples 0 and 1 are linked with each other, and 22 others in a chain."""
    n = 24
    weights = np.zeros((n, n))
    for i in range(1, n - 1):
        weights[i, i + 1] = weights[i + 1, i] = 1.0 + i / n
    line = torch.arange(n).double().unsqueeze(1)
    line[0] = -9.0

    merged = merged_by_affinity(csr_array(weights), torch.arange(n), line, 1)
    few = merged_by_affinity(csr_array(weights), torch.arange(n), line, 2)

    assert merged.max() == 0
    assert few.tolist() == [0] + [1] * (n - 1)


@pytest.mark.parametrize("n_clusters", [3, 7])
def test_not_more_clusters_than_wanted_stay(n_clusters):
    clusters = torch.tensor([2, 0, 1, 1])

    merged = merged_by_affinity(no_edges(4), clusters, torch.zeros(4, 1), n_clusters)

    assert merged.tolist() == [0, 1, 2, 2]


def chains(sizes, links):
    """Chains of samples with strong edges, and weak mutual edges between given samples."""
    n = sum(sizes)
    weights, clusters = np.zeros((n, n)), np.repeat(np.arange(len(sizes)), sizes)
    for i in range(n - 1):
        if clusters[i] == clusters[i + 1]:
            weights[i, i + 1] = weights[i + 1, i] = 1.0
    for i, j, weight in links:
        weights[i, j] = weights[j, i] = weight
    return csr_array(weights), torch.from_numpy(clusters), torch.arange(n).double().unsqueeze(1)


def test_fragments_join_the_nearest_mean_once_enough_larger_clusters_are_left():
    """The fragment of samples 8 and 9 has a weaker edge than the chains on its left."""
    graph, clusters, line = chains([4, 4, 2, 4], [(3, 4, 0.9), (9, 10, 0.1)])
    three = torch.tensor([0] * 4 + [1] * 4 + [2] * 6)

    kept = merged_by_affinity(graph, clusters, line, 3)
    joined = merged_by_affinity(graph, clusters, line - 5 * (line < 8), 3, least_size=3)

    assert kept.tolist() == [0] * 8 + [1] * 2 + [2] * 4
    assert torch.equal(joined, three)


def test_clusters_that_are_all_small_are_no_fragments():
    graph, clusters, line = chains([4, 4, 2, 4], [(3, 4, 0.9), (9, 10, 0.1)])

    merged = merged_by_affinity(graph, clusters, line, 3, least_size=9)

    assert torch.equal(merged, merged_by_affinity(graph, clusters, line, 3))


def test_fragments_with_most_samples_are_merged_by_affinity():
    """Two clusters are larger, and one of them has the nearest mean of the first fragment."""
    graph, clusters, _ = chains([3, 3, 2, 2, 2, 2], [(7, 8, 0.9), (9, 10, 0.8), (11, 12, 0.7)])
    line = torch.tensor([0.0] * 3 + [-1.0] * 3 + [0.5] * 2 + [1000.0] * 6).unsqueeze(1)

    merged = merged_by_affinity(graph, clusters, line, 2, least_size=3)

    assert merged.tolist() == [0] * 6 + [1] * 8
