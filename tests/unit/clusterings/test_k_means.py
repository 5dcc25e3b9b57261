"""k-means on features, whole or by mini-batches."""

import pytest
import torch
from sklearn import cluster
from threadpoolctl import threadpool_info, threadpool_limits
from torch import Generator

from dcrf.clusterings import base as module
from dcrf.clusterings.base import match_centers
from dcrf.clusterings.k_means import KMeans
from dcrf.errors import DivergedError
from dcrf.randomness import draw_seed

MEANS = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])


def k_means(features, n_clusters, num_restarts, seed):
    """The centers of a fit with a generator of this seed."""
    generator = Generator().manual_seed(seed)
    return KMeans(num_restarts=num_restarts).fit(features, n_clusters, generator).centers


class Recorded:
    """Features by their rows; remembers how many were asked for at once."""

    def __init__(self, features):
        self.features, self.asked_for = features, []

    def __len__(self):
        return len(self.features)

    def __getitem__(self, indices):
        self.asked_for.append(len(indices))
        return self.features[indices]


@pytest.fixture
def sorted_blobs():
    """Three tight groups of 1,000 points, one after another."""
    noise = torch.randn(3000, 2, generator=torch.Generator().manual_seed(1)) * 0.1
    return MEANS.repeat_interleave(1000, 0) + noise


def test_it_is_the_k_means_of_scikit_learn(sorted_blobs):
    before = sorted_blobs.clone()
    seed = draw_seed(Generator().manual_seed(5))
    model = cluster.KMeans(3, n_init=2, random_state=seed).fit(sorted_blobs.numpy())

    centers = k_means(sorted_blobs, 3, 2, seed=5)

    torch.testing.assert_close(centers, torch.from_numpy(model.cluster_centers_), atol=1e-5, rtol=0)
    assert torch.equal(sorted_blobs, before)


@pytest.mark.parametrize("most_values", [2**26, 2 * 90], ids=["whole", "mini-batches"])
def test_the_best_of_several_restarts_is_returned(most_values, monkeypatch):
    monkeypatch.setattr(module, "K_MEANS_VALUES", most_values)
    noise = torch.rand(100, 2, generator=torch.Generator().manual_seed(0))

    def inertia(num_restarts):
        centers = k_means(noise, 12, num_restarts, seed=0)
        return torch.cdist(noise, centers).amin(1).square().sum().item()

    assert inertia(8) < inertia(1)


@pytest.mark.parametrize("most_values", [2**26, 2 * 1500], ids=["whole", "mini-batches"])
def test_clusters_far_from_the_origin_are_found(most_values, sorted_blobs, monkeypatch):
    monkeypatch.setattr(module, "K_MEANS_VALUES", most_values)

    centers = k_means(sorted_blobs * 0.01 + 1000, 3, 5, seed=0)

    expected = MEANS * 0.01 + 1000
    torch.testing.assert_close(match_centers(centers, expected), expected, atol=2e-3, rtol=0)


def test_many_features_are_clustered_by_mini_batches_of_a_part(sorted_blobs, monkeypatch):
    monkeypatch.setattr(module, "K_MEANS_VALUES", 2 * 300)
    features = Recorded(sorted_blobs)

    centers = k_means(features, 3, 5, seed=0)

    assert max(features.asked_for) <= 300
    torch.testing.assert_close(match_centers(centers, MEANS), MEANS, atol=0.1, rtol=0)


def test_the_limit_leaves_a_row_for_each_cluster(sorted_blobs, monkeypatch):
    monkeypatch.setattr(module, "K_MEANS_VALUES", 1)

    assert k_means(sorted_blobs, 3, 1, seed=0).shape == (3, 2)


def test_mini_batches_give_the_same_bytes_for_the_same_seed(monkeypatch):
    monkeypatch.setattr(module, "K_MEANS_VALUES", 5 * 500)
    noise = torch.rand(2000, 5, generator=torch.Generator().manual_seed(0))

    assert torch.equal(k_means(noise, 10, 2, seed=3), k_means(noise, 10, 2, seed=3))
    assert not torch.equal(k_means(noise, 10, 2, seed=3), k_means(noise, 10, 2, seed=4))


def test_more_than_two_threads_never_add_up_a_sum(sorted_blobs, monkeypatch):
    """The order of three partial sums could change the result."""
    threads = []
    fit = cluster.KMeans.fit

    def recorded(self, *arguments):
        threads.append(max(pool["num_threads"] for pool in threadpool_info()))
        return fit(self, *arguments)

    monkeypatch.setattr(cluster.KMeans, "fit", recorded)
    with threadpool_limits(4):
        k_means(sorted_blobs, 3, 1, seed=0)

    assert threads == [2]


def test_identical_points_do_not_fail():
    assert torch.equal(k_means(torch.ones(5, 2), 2, 1, seed=0), torch.ones(2, 2))


def test_the_same_seed_gives_the_same_bytes():
    noise = torch.rand(2000, 5, generator=torch.Generator().manual_seed(0))

    assert torch.equal(k_means(noise, 10, 2, seed=3), k_means(noise, 10, 2, seed=3))
    assert not torch.equal(k_means(noise, 10, 2, seed=3), k_means(noise, 10, 2, seed=4))


def test_features_that_are_not_finite_are_refused():
    with pytest.raises(DivergedError, match="not finite"):
        k_means(torch.full((5, 2), torch.nan), 3, 1, seed=0)
