"""Density peaks by loops over all pairs."""

import math

import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.functional.density_peaks import _merged, density_peak_clusters


def by_loops(points, ratio):
    """The definition, one point at a time."""
    n = len(points)
    d = [[math.dist(a, b) for b in points] for a in points]
    cutoff = ratio * sum(d[i][j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    density = [sum(math.exp(-((d[i][j] / cutoff) ** 2)) for j in range(n)) for i in range(n)]
    order = sorted(range(n), key=lambda i: (-density[i], i))
    labels, n_peaks = {}, 0
    for position, i in enumerate(order):
        nearest = min(order[:position], key=lambda j: d[i][j], default=None)
        if nearest is None or (d[i][nearest] > cutoff and density[i] > sum(density) / n):
            labels[i], n_peaks = n_peaks, n_peaks + 1
        else:
            labels[i] = labels[nearest]
    means = [
        sum(density[i] for i in range(n) if labels[i] == c) / [*labels.values()].count(c)
        for c in range(n_peaks)
    ]
    cores = [i for i in range(n) if density[i] > means[labels[i]]]
    for i in cores:
        for j in cores:
            if d[i][j] <= cutoff and labels[i] != labels[j]:
                old, new = labels[i], labels[j]
                labels = {k: new if c == old else c for k, c in labels.items()}
    return [labels[i] for i in range(n)], n_peaks


def blobs(seed, spread=0.5):
    generator = Generator().manual_seed(seed)
    centers = 4 * torch.rand(6, 2, generator=generator)
    noise = torch.randn(20, 6, 2, generator=generator)
    return (centers + spread * noise).flatten(0, 1).double()


@pytest.mark.parametrize("distances_at_once", [1, 1000, 2**24])
@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_those_of_the_definition(seed, ratio, distances_at_once):
    points = blobs(seed)
    expected, _ = by_loops(points.tolist(), ratio)

    clusters = density_peak_clusters(points, ratio, distances_at_once)

    assert adjusted_rand_score(expected, clusters) == 1


def test_the_reference_merges_clusters_somewhere():
    merged = [by_loops(blobs(seed).tolist(), 0.1) for seed in range(4)]

    assert any(len({*labels}) < n_peaks for labels, n_peaks in merged)
    assert all(len({*labels}) > 1 for labels, _ in merged)


def strip(n=150):
    """Points along a line, where one cluster after the other touches the next."""
    generator = Generator().manual_seed(1)
    along, across = 10 * torch.rand(n, generator=generator), torch.randn(n, generator=generator)
    return torch.stack([along, 0.1 * across], dim=1).double()


@pytest.mark.parametrize("ratio", [0.06, 0.1, 0.2])
def test_chains_of_clusters_that_touch_are_merged(ratio):
    expected, n_peaks = by_loops(strip().tolist(), ratio)

    clusters = density_peak_clusters(strip(), ratio)

    assert n_peaks > len({*expected}) > 1
    assert adjusted_rand_score(expected, clusters) == 1


@pytest.mark.parametrize(("cutoff", "number"), [(1.0, 1), (0.5, 40)])
def test_a_long_chain_of_clusters_is_one(cutoff, number):
    line, own = torch.arange(40.0).double().unsqueeze(1), torch.arange(40)

    merged = _merged(line, own, own >= 0, torch.tensor(cutoff), 100)

    assert len(merged.unique()) == number


def test_clusters_are_numbered_by_their_first_points():
    points = torch.tensor([[9.0], [9.1], [0.0], [0.1], [0.05], [9.05]]).double()

    assert density_peak_clusters(points, 0.1).tolist() == [0, 0, 1, 1, 1, 0]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_equal_points_are_one_cluster(n):
    assert density_peak_clusters(torch.ones(n, 2).double(), 0.1).tolist() == [0] * n
