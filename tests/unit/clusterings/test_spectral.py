"""Spectral clustering against a dense eigendecomposition."""

import numpy as np
import pytest
import torch
from scipy.cluster.vq import kmeans2
from sklearn.datasets import make_circles
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.clusterings import base
from dcrf.clusterings.spectral import Spectral
from dcrf.errors import ClusteringError
from tests.unit.config.methods import dec, load, problem

DEFAULTS = {"affinity": "nearest_neighbors", "assign_labels": "k_means"}


def fit(features, n_clusters, **options):
    return Spectral(**{**DEFAULTS, **options}).fit(features, n_clusters, Generator())


def clusters_of(features, n_clusters, **options):
    fitted = fit(features, n_clusters, **options)
    return fitted.log_assignments(features).argmax(1).numpy()


@pytest.fixture
def blobs():
    """Four groups that overlap a little."""
    generator = Generator().manual_seed(0)
    means = torch.tensor([[0.0, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3]])
    return means.repeat(40, 1) + 0.7 * torch.randn(160, 3, generator=generator)


def by_hand(affinity, n_clusters):
    """k-means of the rows of the first eigenvectors, divided by the roots of the degrees."""
    scale = 1 / np.sqrt(affinity.sum(0) - affinity.diagonal())
    weights = affinity - np.diag(affinity.diagonal())
    _, vectors = np.linalg.eigh(scale[:, None] * weights * scale)
    embedded = vectors[:, -n_clusters:] * scale[:, None]
    runs = [kmeans2(embedded, n_clusters, minit="++", rng=seed) for seed in range(20)]
    return min(runs, key=lambda run: ((embedded - run[0][run[1]]) ** 2).sum())[1]


def distances(points):
    return np.array([[np.linalg.norm(a - b) for b in points] for a in points])


@pytest.mark.parametrize("offset", [0, 1000])
def test_rbf_clusters_are_those_of_the_dense_laplacian(blobs, offset):
    squares = distances(blobs.double().numpy()) ** 2
    expected = by_hand(np.exp(-0.8 * squares), 4)

    clusters = clusters_of(blobs + offset, 4, affinity="rbf", gamma=0.8)

    assert adjusted_rand_score(expected, clusters) > 0.97


def test_neighbor_clusters_are_those_of_the_dense_laplacian(blobs):
    gaps = distances(blobs.double().numpy())
    near = (gaps.argsort(1).argsort(1) < 12).astype(float)
    expected = by_hand((near + near.T) / 2, 4)

    assert adjusted_rand_score(expected, clusters_of(blobs, 4, num_neighbors=12)) > 0.97


def test_the_default_gamma_is_the_median_heuristic(blobs):
    squares = torch.cdist(blobs.double(), blobs.double()).square()
    gamma = 1 / squares[tuple(torch.triu_indices(160, 160, 1))].median().item()

    expected = clusters_of(blobs, 4, affinity="rbf", gamma=gamma)

    assert adjusted_rand_score(expected, clusters_of(blobs, 4, affinity="rbf")) == 1


@pytest.mark.parametrize("assign_labels", ["k_means", "discretize", "cluster_qr"])
def test_rings_are_found_by_every_way_to_labels(assign_labels):
    points, ring = make_circles(200, factor=0.3, noise=0.03, random_state=0)

    clusters = clusters_of(torch.from_numpy(points), 2, assign_labels=assign_labels)

    assert adjusted_rand_score(ring, clusters) == 1


def test_more_neighbors_than_samples_are_refused():
    with pytest.raises(ClusteringError, match="num_neighbors is 10, but there are 9 samples"):
        fit(torch.rand(9, 2), 2)


def test_as_many_clusters_as_samples_are_refused():
    with pytest.raises(ClusteringError, match="5 eigenvectors need more than 5 samples"):
        fit(torch.rand(5, 2), 5, num_neighbors=3)


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(("affinity", "most"), [("rbf", 57), ("nearest_neighbors", 100)])
def test_more_samples_than_memory_holds_are_refused(monkeypatch, device, affinity, most):
    monkeypatch.setattr(base, "free_memory", lambda: 8 * 100**2)

    with pytest.raises(ClusteringError, match=f"at most {most} samples fit; take birch or k_means"):
        fit(torch.zeros(101, 2, device=device), 2, affinity=affinity)


def test_equal_samples_have_no_default_gamma():
    with pytest.raises(ClusteringError, match=r"most of the samples are equal, .* set it"):
        fit(torch.ones(20, 2), 2, affinity="rbf")


KEY = "centroid_initialization_classical_clustering_method"


def starting(**entry):
    method = dec()
    strategy = method["cluster_assignment_strategy"]
    strategy.pop("centroid_initialization_classical_clustering_num_restarts", None)
    strategy[KEY] = {"method": "spectral", **entry}
    return method


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ({"gamma": 1.0}, "gamma"),
        ({"affinity": "rbf", "num_neighbors": 5}, "num_neighbors"),
        ({"assign_labels": "cluster_qr", "num_restarts": 5}, "num_restarts"),
    ],
)
def test_keys_of_another_affinity_do_not_belong(tmp_path, entry, key):
    found = problem(tmp_path, starting(**entry))

    assert found.path == f"$.cluster_assignment_strategy.{KEY}.{key}"
    assert "does not belong" in found.found


@pytest.mark.parametrize(
    ("entry", "filled"),
    [
        ({}, {"num_neighbors": 10, "num_restarts": 10, "steps": []}),
        ({"affinity": "rbf", "gamma": 1.0}, {"gamma": 1.0, "num_restarts": 10, "steps": []}),
        ({"assign_labels": "cluster_qr"}, {"num_neighbors": 10, "steps": []}),
    ],
)
def test_defaults_are_those_of_the_keys_that_belong(tmp_path, entry, filled):
    config = load(tmp_path, starting(**entry))

    given = {"method", "affinity", "assign_labels"}
    clustering = config.filled["cluster_assignment_strategy"][KEY]
    assert {key: clustering[key] for key in clustering.keys() - given} == filled
    assert load(tmp_path, config.filled).filled == config.filled
