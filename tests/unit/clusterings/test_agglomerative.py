"""Agglomerative clustering against scipy, and against merges by hand."""

import numpy as np
import pytest
import torch
from scipy.cluster import hierarchy
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.clusterings import base
from dcrf.clusterings.agglomerative import Agglomerative
from dcrf.errors import ClusteringError

LINKAGES = ["ward", "complete", "average", "single"]


def clusters_of(features, n_clusters, linkage="ward", neighbors=0):
    clustering = Agglomerative(linkage=linkage, connectivity_num_neighbors=neighbors)
    fitted = clustering.fit(features, n_clusters, Generator())
    return fitted.log_assignments(features).argmax(1).tolist()


def growth(points, first, second):
    """The root of twice the growth of the sum of squares when two clusters are merged."""
    gap = points[first].mean(0) - points[second].mean(0)
    return np.sqrt(2 * len(first) * len(second) / (len(first) + len(second))) * np.linalg.norm(gap)


MERGED = {
    "complete": lambda distances, _: max(distances),
    "average": lambda distances, sizes: np.average(distances, weights=sizes),
    "single": lambda distances, _: min(distances),
}
"""Linkage -> the distance of a merged cluster to another one, by those of its connected halves."""


def merged(points, n_clusters, linkage, neighbors):
    """Merge the two nearest clusters that are connected until `n_clusters` are left."""
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    near = gaps.argsort(axis=1, kind="stable")[:, 1 : (neighbors or len(points)) + 1]
    distance = {frozenset({i, int(j)}): gaps[i, j] for i, row in enumerate(near) for j in row}
    clusters = {i: [i] for i in range(len(points))}
    while len(clusters) > n_clusters:
        if linkage == "ward":
            distance = {p: growth(points, *(clusters[c] for c in p)) for p in distance}
        first, second = min(distance, key=distance.get)
        for other in clusters.keys() - {first, second}:
            halves = [c for c in (first, second) if frozenset({c, other}) in distance]
            values = [distance.pop(frozenset({c, other})) for c in halves]
            if values:
                combine = MERGED.get(linkage, MERGED["single"])
                sizes = [len(clusters[c]) for c in halves]
                distance[frozenset({first, other})] = combine(values, sizes)
        del distance[frozenset({first, second})]
        clusters[first] += clusters.pop(second)
    labels = np.zeros(len(points), dtype=int)
    for number, members in clusters.items():
        labels[members] = number
    return labels


@pytest.fixture
def noise():
    return torch.randn(40, 2, generator=Generator().manual_seed(3))


@pytest.mark.parametrize("linkage", LINKAGES)
@pytest.mark.parametrize("offset", [0, 1000])
def test_the_clusters_are_those_of_scipy(noise, linkage, offset):
    tree = hierarchy.linkage((noise + offset).double().numpy(), linkage)
    expected = hierarchy.fcluster(tree, 5, "maxclust")

    assert adjusted_rand_score(expected, clusters_of(noise + offset, 5, linkage)) == 1


@pytest.mark.parametrize("linkage", LINKAGES)
@pytest.mark.parametrize("neighbors", [0, 6])
def test_the_clusters_are_those_of_merges_by_hand(noise, linkage, neighbors):
    expected = merged(noise.double().numpy(), 4, linkage, neighbors)

    assert adjusted_rand_score(expected, clusters_of(noise, 4, linkage, neighbors)) == 1


def test_new_samples_get_the_cluster_of_the_nearest_one():
    features = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
    clustering = Agglomerative(linkage="average", connectivity_num_neighbors=0)
    fitted = clustering.fit(features, 2, Generator())

    clusters = fitted.log_assignments(torch.tensor([[5.0], [6.0], [0.0]])).argmax(1)

    assert clusters[0] == clusters[2] != clusters[1]


def test_more_neighbors_than_samples_are_refused():
    with pytest.raises(ClusteringError, match=r"10 samples has 9 neighbors, but .* is 10"):
        clusters_of(torch.rand(10, 2), 2, neighbors=10)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_more_samples_than_memory_holds_are_refused(monkeypatch, device):
    monkeypatch.setattr(base, "free_memory", lambda: 8 * 100**2)
    features = torch.zeros(101, 2, device=device)

    for linkage in ("ward", "complete", "average"):
        clustering = Agglomerative(linkage=linkage, connectivity_num_neighbors=0)
        with pytest.raises(ClusteringError, match=r"at most 100 .*; set conn"):
            clustering.fit(features, 2, Generator())
    for linkage, neighbors in (("single", 0), ("ward", 5)):
        clustering = Agglomerative(linkage=linkage, connectivity_num_neighbors=neighbors)
        assert clustering.fit(features, 2, Generator()).is_fitted
