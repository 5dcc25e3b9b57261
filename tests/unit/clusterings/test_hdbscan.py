"""HDBSCAN against its definition: the tree of clusters over falling distances."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.clusterings.hdbscan import Hdbscan
from dcrf.errors import ClusteringError
from dcrf.functional.assignments import most_probable_clusters


def fit(features, size=5, selection="excess_of_mass", min_samples=None):
    clustering = Hdbscan(
        min_cluster_size=size,
        cluster_selection=selection,
        min_samples=min_samples,
    )
    return clustering.fit(features, 99, Generator())


def clusters_of(features, **options):
    return most_probable_clusters(fit(features, **options).log_assignments(features)).numpy()


def tree_of(edges, members, birth, size):
    """The members of a cluster, its stability and its children, for falling distances.

    edges: (n, n) lengths of a minimum spanning tree of the mutual reachability distances.
    birth: 1 / the distance at which the cluster has parted from others.
    """
    alive, stability = members, 0.0
    for length in sorted({*edges[np.ix_(members, members)].ravel()} - {0}, reverse=True):
        part = edges[np.ix_(alive, alive)]
        labels = connected_components(csr_array(part * (part < length)), directed=False)[1]
        parts = [alive[labels == label] for label in {*labels}]
        large = [part for part in parts if len(part) >= size]
        left = len(alive) - (len(large[0]) if len(large) == 1 else 0)
        stability += left * (1 / length - birth)
        if len(large) != 1:
            return members, stability, [tree_of(edges, p, 1 / length, size) for p in large]
        alive = large[0]
    raise AssertionError("the last edge leaves single samples")


def most_stable(tree):
    """The clusters with the most excess of mass, and its amount."""
    members, stability, children = tree
    below = [most_stable(child) for child in children]
    total = sum(amount for _, amount in below)
    if stability >= total:
        return [members], stability
    return [chosen for clusters, _ in below for chosen in clusters], total


def leaves(tree):
    members, _, children = tree
    return [leaf for child in children for leaf in leaves(child)] if children else [members]


def by_hand(points, size, min_samples, selection):
    gaps = np.array([[np.linalg.norm(a - b) for b in points] for a in points])
    core = np.sort(gaps, axis=1)[:, min_samples - 1]
    reach = np.maximum(gaps, np.maximum(core[:, None], core))
    np.fill_diagonal(reach, 0)
    edges = minimum_spanning_tree(reach).toarray()
    _, _, children = tree_of(edges + edges.T, np.arange(len(points)), 0.0, size)
    labels = np.full(len(points), -1)
    chosen = [
        cluster
        for child in children
        for cluster in (leaves(child) if selection == "leaves" else most_stable(child)[0])
    ]
    for number, members in enumerate(chosen):
        labels[members] = number
    return labels


@pytest.fixture
def features():
    """Three groups of different density, and scattered samples."""
    generator = Generator().manual_seed(3)
    means = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 6.0]]).repeat(25, 1)
    spread = torch.tensor([0.3, 0.6, 1.0]).repeat(25).unsqueeze(1)
    scattered = 16 * torch.rand(10, 2, generator=generator) - 6
    groups = means + spread * torch.randn(75, 2, generator=generator)
    return torch.cat([groups, scattered]).double()


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("selection", ["excess_of_mass", "leaves"])
@pytest.mark.parametrize(("size", "min_samples"), [(5, 5), (8, 3), (4, 6)])
def test_clusters_and_noise_are_those_of_the_definition(
    features, size, min_samples, selection, offset
):
    expected = by_hand(features.numpy(), size, min_samples, selection)

    options = {"size": size, "min_samples": min_samples, "selection": selection}
    clusters = clusters_of(features + offset, **options)

    assert 1 < len({*expected} - {-1}) < 10
    assert (clusters == -1).tolist() == (expected == -1).tolist()
    assert adjusted_rand_score(expected, clusters) == 1


def test_new_samples_are_noise_if_the_nearest_sample_is():
    group = torch.arange(10.0) * 0.1
    samples = torch.cat([group, 3 + group, torch.tensor([12.0])]).unsqueeze(1)

    log_assignments = fit(samples).log_assignments(torch.tensor([[1.8], [2.1], [7.8], [8.1]]))
    first, second, near, noise = most_probable_clusters(log_assignments).tolist()

    assert {first, second} == {0, 1}
    assert (near, noise) == (second, -1)


def test_all_noise_is_an_error():
    with pytest.raises(ClusteringError, match="all 30 samples are noise: lower min_cluster_size"):
        fit(torch.arange(30.0).unsqueeze(1))


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_fewer_samples_than_two_clusters_or_a_density_need_are_refused(device):
    features = torch.zeros(10, 2, device=device)

    with pytest.raises(ClusteringError, match=r"10 samples cannot form two .* is 6"):
        fit(features, size=6)
    with pytest.raises(ClusteringError, match="min_samples is 11 of 10 samples"):
        fit(features, size=5, min_samples=11)
