"""k-means on features, whole or by mini-batches."""

import pytest
import torch
from sklearn.cluster import KMeans

from dcrf.clusterings import k_means as module
from dcrf.clusterings.base import match_centers
from dcrf.clusterings.k_means import k_means

MEANS = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])


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
    expected = KMeans(3, n_init=2, random_state=5).fit(sorted_blobs.numpy()).cluster_centers_

    found = k_means(sorted_blobs, 3, 2, seed=5)

    torch.testing.assert_close(found, torch.from_numpy(expected), atol=1e-5, rtol=0)
    assert torch.equal(sorted_blobs, before)


def test_many_features_are_clustered_by_mini_batches_of_a_part(sorted_blobs, monkeypatch):
    monkeypatch.setattr(module, "K_MEANS_VALUES", 2 * 300)
    features = Recorded(sorted_blobs)

    found = k_means(features, 3, 5, seed=0)

    assert max(features.asked_for) <= 300
    torch.testing.assert_close(match_centers(found, MEANS), MEANS, atol=0.1, rtol=0)


def test_mini_batches_give_the_same_bytes_for_the_same_seed(monkeypatch):
    monkeypatch.setattr(module, "K_MEANS_VALUES", 5 * 500)
    noise = torch.rand(2000, 5, generator=torch.Generator().manual_seed(0))

    assert torch.equal(k_means(noise, 10, 2, seed=3), k_means(noise, 10, 2, seed=3))
    assert not torch.equal(k_means(noise, 10, 2, seed=3), k_means(noise, 10, 2, seed=4))
