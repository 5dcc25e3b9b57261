"""BIRCH against Ward's method of scipy."""

import pytest
import torch
from scipy.cluster import hierarchy
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.clusterings import base
from dcrf.clusterings.birch import Birch
from dcrf.errors import ClusteringError


def fit(features, n_clusters, threshold=0.5, branching_factor=50):
    clustering = Birch(radius_threshold=threshold, branching_factor=branching_factor)
    return clustering.fit(features, n_clusters, Generator())


@pytest.fixture
def noise():
    return torch.randn(150, 3, generator=Generator().manual_seed(0))


@pytest.mark.parametrize("offset", [0, 1000])
def test_with_a_small_threshold_it_is_wards_method(noise, offset):
    expected = hierarchy.fcluster(hierarchy.ward(noise.double().numpy()), 6, "maxclust")

    fitted = fit(noise + offset, 6, threshold=1e-4)
    clusters = fitted.log_assignments(noise + offset).argmax(1)

    assert len(fitted.samples) == 150
    assert adjusted_rand_score(expected, clusters) == 1


def test_a_subcluster_is_as_wide_as_the_threshold_allows(noise):
    fitted = fit(noise, 3, threshold=0.3)
    distances = torch.cdist(noise, fitted.samples)
    spread = (noise - noise.mean(0)).square().sum(1).mean().sqrt()

    assert 3 < len(fitted.samples) < 100
    # its radius is a root mean square, so single samples may lie farther away
    assert distances.amin(1).square().mean().sqrt() < 0.3 * spread


def test_the_scale_of_the_features_does_not_matter(noise):
    small, large = fit(noise, 4), fit(noise * 1000, 4)

    assert torch.equal(small.log_assignments(noise), large.log_assignments(noise * 1000))


def test_fewer_subclusters_than_clusters_are_refused(noise):
    with pytest.raises(ClusteringError, match=r"in 1 subclusters, too few for 3 .* lower"):
        fit(noise, 3, threshold=5.0)


def test_more_subclusters_than_memory_holds_are_refused(noise, monkeypatch):
    monkeypatch.setattr(base, "free_memory", lambda: 8 * 100**2)

    with pytest.raises(ClusteringError, match="at most 100 samples fit; raise radius_threshold"):
        fit(noise, 3, threshold=1e-4)
