"""Graph degree linkage: shapes that k-means misses, refusals, and where new samples go."""

import pytest
import torch
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score
from torch import Generator

from dcrf.clusterings.graph_degree_linkage import GraphDegreeLinkage
from dcrf.errors import ClusteringError
from dcrf.functional.assignments import most_probable_clusters


def linkage(num_neighbors=8, num_compared_clusters=5, gap_weight=1.0, min_cluster_size=1):
    return GraphDegreeLinkage(
        num_neighbors=num_neighbors,
        affinity_scale=1.0,
        num_compared_clusters=num_compared_clusters,
        gap_weight=gap_weight,
        min_cluster_size=min_cluster_size,
    )


@pytest.mark.parametrize("min_cluster_size", [1, 9, 40])
@pytest.mark.parametrize("num_compared_clusters", [1, 5])
def test_two_moons_are_two_clusters(num_compared_clusters, min_cluster_size):
    """While fragments have most samples, they are merged by affinity, along the moons."""
    points, moons = make_moons(300, noise=0.05, random_state=0)
    samples = torch.tensor(points)
    clustering = linkage(
        num_compared_clusters=num_compared_clusters, min_cluster_size=min_cluster_size
    )

    fitted = clustering.fit(samples, 2, Generator())

    clusters = most_probable_clusters(fitted.log_assignments(samples))
    assert adjusted_rand_score(moons, clusters) == 1


def test_new_samples_join_their_nearest_sample():
    points, moons = make_moons(300, noise=0.05, random_state=0)
    fitted = linkage().fit(torch.tensor(points), 2, Generator())

    clusters = most_probable_clusters(fitted.log_assignments(torch.tensor(points + 0.01)))

    assert adjusted_rand_score(moons, clusters) == 1


def test_as_many_clusters_as_samples_are_possible():
    samples = torch.arange(9.0).unsqueeze(1)

    fitted = linkage(num_neighbors=3).fit(samples, 9, Generator())

    assert most_probable_clusters(fitted.log_assignments(samples)).unique().numel() == 9


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_too_few_samples_for_the_neighbors_are_refused(device):
    message = "each of 8 samples has 7 neighbors, but num_neighbors is 8"
    with pytest.raises(ClusteringError, match=message):
        linkage().fit(torch.zeros(8, 2, device=device), 2, Generator())
