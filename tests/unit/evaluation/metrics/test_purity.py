"""The purity."""

from collections import Counter

import numpy as np
import pytest

from dcrf.evaluation.metrics.purity import Purity

RANDOM = np.random.default_rng(0)


def slow(labels, clusters):
    of_cluster = {name: Counter() for name in clusters}
    for label, cluster in zip(labels, clusters, strict=True):
        of_cluster[cluster][label] += 1
    return sum(max(counts.values()) for counts in of_cluster.values()) / len(labels)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_the_largest_class_of_every_cluster_counts(n_classes, n_clusters):
    labels, clusters = RANDOM.integers(n_classes, size=40), RANDOM.integers(n_clusters, size=40)

    assert Purity()(labels, clusters) == pytest.approx(slow(labels, clusters))


def test_clusters_may_share_a_class():
    assert Purity()([0, 0, 0, 0, 1], [0, 0, 1, 1, 1]) == pytest.approx(4 / 5)


def test_every_sample_a_cluster_is_pure():
    assert Purity()([0, 0, 1, 1], [0, 1, 2, 3]) == 1


def test_noise_is_wrong():
    assert Purity()([0, 0, 1, 1], [0, 0, -1, 1]) == pytest.approx(3 / 4)
    assert Purity()([0, 1], [-1, -1]) == 0
