"""Mini-batch k-means against k-means of scipy."""

import numpy as np
import pytest
import torch
from scipy.cluster.vq import kmeans2
from torch import Generator

from dcrf.clusterings.base import match_centers
from dcrf.clusterings.mini_batch_k_means import MiniBatchKMeans

MEANS = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])


def fit(features, n_clusters, mini_batch_size=100, seed=0):
    clustering = MiniBatchKMeans(num_restarts=3, mini_batch_size=mini_batch_size, max_epochs=100)
    return clustering.fit(features, n_clusters, Generator().manual_seed(seed))


def inertia(features, centers):
    return torch.cdist(features.double(), centers.double()).amin(1).square().sum().item()


@pytest.mark.parametrize("offset", [0, 1000])
def test_the_centers_are_the_means_of_groups(offset):
    noise = torch.randn(900, 2, generator=Generator().manual_seed(1))
    features = MEANS.repeat(300, 1) + 0.1 * noise + offset

    centers = match_centers(fit(features, 3).centers, MEANS + offset)

    torch.testing.assert_close(centers, MEANS + offset, atol=0.05, rtol=0)


def test_its_inertia_is_close_to_that_of_lloyds_algorithm():
    features = torch.rand(2000, 3, generator=Generator().manual_seed(0))
    runs = [kmeans2(features.double().numpy(), 8, minit="++", rng=s)[0] for s in range(5)]
    best = min(inertia(features, torch.from_numpy(centers)) for centers in runs)

    found = inertia(features, fit(features, 8).centers)

    assert found < 1.1 * best
    assert found < 0.7 * inertia(features, features[:8])


def test_one_cluster_is_the_mean():
    features = torch.rand(500, 3, generator=Generator().manual_seed(0))

    centers = fit(features, 1, mini_batch_size=500).centers

    assert np.allclose(centers[0], features.mean(0), atol=0.02)


def test_more_samples_in_a_mini_batch_than_there_are():
    assert fit(torch.rand(5, 2), 3, mini_batch_size=1000).centers.shape == (3, 2)
