"""The adjusted Rand index."""

from itertools import combinations

import numpy as np
import pytest

from dcrf.evaluation.metrics.ari import Ari

RANDOM = np.random.default_rng(0)


def slow(labels, clusters):
    """Count the pairs that are together: in both, in labels, in clusters."""
    pairs = list(combinations(range(len(labels)), 2))
    classes = [labels[i] == labels[j] for i, j in pairs]
    groups = [clusters[i] == clusters[j] for i, j in pairs]
    both = sum(a and b for a, b in zip(classes, groups, strict=True))
    expected = sum(classes) * sum(groups) / len(pairs)
    return (both - expected) / ((sum(classes) + sum(groups)) / 2 - expected)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_the_index_counts_pairs(n_classes, n_clusters):
    labels, clusters = RANDOM.integers(n_classes, size=30), RANDOM.integers(n_clusters, size=30)

    assert Ari()(labels, clusters) == pytest.approx(slow(labels, clusters))


def test_clusters_may_agree_less_than_by_chance():
    """No pair is together in both; 2 of 6 are in each."""
    assert Ari()([0, 0, 1, 1], [0, 1, 0, 1]) == pytest.approx((0 - 4 / 6) / (2 - 4 / 6))


def test_one_cluster_tells_nothing():
    assert Ari()([0, 0, 0, 1], [4, 4, 4, 4]) == 0


def test_noise_is_one_more_cluster():
    labels, clusters = RANDOM.integers(3, size=30), RANDOM.integers(-1, 3, size=30)

    expected = pytest.approx(Ari()(labels, np.where(clusters < 0, 7, clusters)))
    assert Ari()(labels, clusters) == expected
    assert Ari()(labels, np.full(30, -1)) == 0
