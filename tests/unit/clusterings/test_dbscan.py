"""DBSCAN against its definition, by loops over all pairs."""

import numpy as np
import pytest
import torch
from torch import Generator

from dcrf.clusterings import dbscan as module
from dcrf.clusterings.dbscan import Dbscan
from dcrf.errors import ClusteringError
from dcrf.functional.assignments import most_probable_clusters


def fit(features, eps=None, min_samples=4):
    return Dbscan(eps=eps, min_samples=min_samples).fit(features, 99, Generator())


def by_hand(points, eps, min_samples):
    """Clusters of core samples are connected parts; others belong to the nearest core sample."""
    gaps = np.array([[np.linalg.norm(a - b) for b in points] for a in points])
    core = [i for i in range(len(points)) if sum(gaps[i] <= eps) >= min_samples]
    labels = dict.fromkeys(range(len(points)), -1)
    number = 0
    for start in core:
        if labels[start] >= 0:
            continue
        reached = [start]
        while reached:
            i = reached.pop()
            labels[i] = number
            reached += [j for j in core if gaps[i, j] <= eps and labels[j] < 0]
        number += 1
    for i in set(range(len(points))) - set(core):
        nearest = min(core, key=lambda j: gaps[i, j])
        labels[i] = labels[nearest] if gaps[i, nearest] <= eps else -1
    return [labels[i] for i in range(len(points))]


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize(("eps", "min_samples"), [(0.15, 3), (0.25, 5), (0.4, 8), (5.0, 2)])
def test_clusters_and_noise_are_those_of_the_definition(eps, min_samples, offset):
    features = torch.randn(120, 2, generator=Generator().manual_seed(0)).double() + offset
    expected = by_hand(features.numpy(), eps, min_samples)

    fitted = fit(features, eps, min_samples)
    clusters = most_probable_clusters(fitted.log_assignments(features)).tolist()

    assert fitted.n_clusters_found == max(expected) + 1
    assert len({*zip(clusters, expected, strict=True)}) == len({*expected})
    assert [c == -1 for c in clusters] == [e == -1 for e in expected]


def test_new_samples_are_noise_beyond_eps_of_all_core_samples():
    line = torch.arange(6.0).unsqueeze(1)
    fitted = fit(line, eps=1.0, min_samples=3)  # the ends are no core samples

    log_assignments = fitted.log_assignments(torch.tensor([[2.4], [5.0], [5.1], [-0.1]]))

    assert most_probable_clusters(log_assignments).tolist() == [0, 0, -1, -1]


def test_by_default_nine_of_ten_samples_are_core_samples():
    features = torch.randn(200, 3, generator=Generator().manual_seed(0))

    fitted = fit(features, min_samples=5)

    assert len(fitted.samples) == 180


def test_equal_samples_are_one_cluster():
    assert fit(torch.ones(30, 2)).n_clusters_found == 1


def test_all_noise_is_an_error():
    with pytest.raises(ClusteringError, match=r"all 10 samples are noise: raise eps, now 0\.1"):
        fit(torch.arange(10.0).unsqueeze(1), eps=0.1)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_fewer_samples_than_a_core_sample_needs_are_refused(device):
    with pytest.raises(ClusteringError, match=r"3 samples cannot hold .* min_samples is 4"):
        fit(torch.zeros(3, 2, device=device))


def test_neighborhoods_that_exceed_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: 8 * 999)
    features = torch.rand(100, 2)

    with pytest.raises(ClusteringError, match=r"neighborhoods of 100 samples .* lower eps, now 9"):
        fit(features, eps=9.0)
    assert fit(features * 1e3, eps=0.5, min_samples=1).n_clusters_found > 1
