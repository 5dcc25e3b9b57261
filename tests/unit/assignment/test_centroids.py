"""Initialization, recalculation and state of centroids."""

from itertools import permutations

import pytest
import torch

from dcrf.assignment.centroids import (
    INITIALIZATIONS,
    CentroidInitialization,
    Centroids,
)
from dcrf.clusterings.base import Clustering, Fitted
from dcrf.clusterings.k_means import KMeans
from dcrf.errors import DataError, DivergedError, OptionError


@pytest.fixture
def blobs():
    """Three tight groups of 20 points in the plane; the means of the groups."""
    means = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    noise = torch.randn(60, 2, generator=torch.Generator().manual_seed(1)) * 0.1
    return means.repeat(20, 1) + noise, means


def saved(path, content):
    torch.save(content, path)
    return path


def test_every_start_gives_as_many_rows_as_clusters(blobs, tmp_path):
    file = saved(tmp_path / "c.pth", {"centroids": torch.zeros(3, 2)})

    for strategy in INITIALIZATIONS.keys() - {"fixed_axes"}:  # needs as many dimensions
        start = CentroidInitialization(strategy, KMeans(num_restarts=2), file=file)
        initial = start(blobs[0], 3, torch.Generator().manual_seed(0))

        assert initial.shape == (3, 2)


@pytest.mark.parametrize("strategy", ["load_from_file", "random_uniform_noise"])
def test_centroids_that_samples_do_not_form_need_no_more_than_one(strategy, tmp_path):
    file = saved(tmp_path / "c.pth", {"centroids": torch.zeros(3, 2)})
    start = CentroidInitialization(strategy, file=file)

    assert start(torch.zeros(1, 2), 3, torch.Generator()).shape == (3, 2)


def test_fewer_samples_than_drawn_centroids_are_refused():
    start = CentroidInitialization("random_feature_representations")

    with pytest.raises(DataError, match="3 centroids cannot be drawn from 2 samples"):
        start(torch.zeros(2, 2), 3, torch.Generator())


def test_features_that_are_not_finite_are_refused():
    start = CentroidInitialization("random_feature_representations")

    with pytest.raises(DivergedError, match="not finite"):
        start(torch.full((5, 2), torch.nan), 3, torch.Generator())


@pytest.mark.parametrize("strategy", ["random_feature_representations", "random_uniform_noise"])
def test_no_sample_goes_through_a_network_alone(blobs, strategy):
    class Rows:
        def __len__(self):
            return len(blobs[0])

        def __getitem__(self, indices):
            norm = torch.nn.BatchNorm1d(2, track_running_stats=False)
            return norm(blobs[0][indices]).detach()  # which one sample has no variance for

    initial = CentroidInitialization(strategy)(Rows(), 1, torch.Generator().manual_seed(0))

    assert initial.shape == (1, 2)


def test_random_features_are_distinct_samples():
    features = torch.arange(20.0).reshape(10, 2)
    start = CentroidInitialization("random_feature_representations")

    initial = start(features, 10, torch.Generator().manual_seed(0))

    assert sorted(initial[:, 0].tolist()) == features[:, 0].tolist()


def test_uniform_noise_lies_between_minus_one_and_one():
    start = CentroidInitialization("random_uniform_noise")

    initial = start(torch.zeros(1000, 3), 500, torch.Generator().manual_seed(0))

    assert -1 <= initial.min() < -0.9
    assert 0.9 < initial.max() <= 1


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_recalculated_centroid_keeps_its_number_and_its_parameter(blobs, order, seed):
    features, means = blobs
    centroids = Centroids(3)
    centroids.set_values(means[list(order)] + 0.5)
    parameter = centroids.values

    centroids.recluster(features, KMeans(num_restarts=2), torch.Generator().manual_seed(seed))

    assert centroids.values is parameter
    torch.testing.assert_close(parameter.data, means[list(order)], atol=0.1, rtol=0)


class WithoutCenters(Fitted):
    """Clusters of blobs by their sector of the plane."""

    n_clusters_found = 3

    def log_assignments(self, features):
        right, up = features[:, 0] > 2.5, features[:, 1] > 2.5
        return torch.stack([~right & ~up, right, up], dim=1).float().log()


class Sectors(Clustering):
    def fit(self, features, n_clusters, generator):
        return WithoutCenters()


def test_clusters_without_centers_start_and_move_centroids_too(blobs):
    centroids, (features, means) = Centroids(3), blobs
    start = CentroidInitialization("classical_clustering", Sectors())

    initial = start(features, 3, torch.Generator())
    centroids.set_values(means.flip(0))
    centroids.recluster(features, Sectors(), torch.Generator())

    torch.testing.assert_close(initial, means, atol=0.1, rtol=0)
    torch.testing.assert_close(centroids.values.data, means.flip(0), atol=0.1, rtol=0)


def test_centroids_know_whether_they_are_initialized():
    centroids = Centroids(3)

    assert not centroids.are_initialized
    centroids.set_values(torch.zeros(3, 2))
    assert centroids.are_initialized


def test_centroids_keep_their_type_and_copy_their_values():
    centroids, values = Centroids(3), torch.zeros(3, 2, dtype=torch.float64)
    centroids.set_values(values)
    values[0] = 1

    assert centroids.values.dtype == torch.float32
    assert not centroids.values.any()


def test_uninitialized_centroids_load_a_state_of_any_width():
    trained, fresh = Centroids(3), Centroids(3)
    trained.set_values(torch.rand(3, 4))

    fresh.load_state_dict(trained.state_dict())

    assert torch.equal(fresh.values, trained.values)


def test_centroids_of_another_shape_are_refused(tmp_path):
    start = CentroidInitialization(
        "load_from_file", file=saved(tmp_path / "c.pth", {"centroids": torch.zeros(4, 2)})
    )

    with pytest.raises(DataError, match=r"shape \(4, 2\).*3 clusters in 2"):
        start(torch.zeros(5, 2), 3, torch.Generator())


def test_centroids_on_axes():
    initialization = CentroidInitialization("fixed_axes", axis_scale=2.0)

    centroids = initialization(torch.zeros(5, 3), 2, torch.Generator())
    meta = initialization(torch.zeros(5, 3, device="meta"), 2, torch.Generator())

    assert centroids.tolist() == [[2, -2, -2], [-2, 2, -2]]
    assert (meta.shape, meta.device.type) == ((2, 3), "meta")
    with pytest.raises(OptionError, match="at least 4 feature dimensions, not 3"):
        initialization(torch.zeros(5, 3), 4, torch.Generator())


def test_centroids_of_another_number_do_not_fit():
    saved, other = Centroids(3), Centroids(2)
    saved.set_values(torch.ones(3, 4))

    with pytest.raises(RuntimeError, match="size mismatch"):
        other.load_state_dict(saved.state_dict())
