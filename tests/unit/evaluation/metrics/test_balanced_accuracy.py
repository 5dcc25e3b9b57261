"""The balanced accuracy."""

from itertools import permutations

import numpy as np
import pytest

from dcrf.evaluation.metrics.acc import Acc
from dcrf.evaluation.metrics.balanced_accuracy import BalancedAccuracy

RANDOM = np.random.default_rng(0)


def slow(labels, clusters):
    """The best one-to-one renaming of classes, by trying all."""
    classes, names = np.unique(labels), list(np.unique(clusters))
    names += [None] * max(0, len(classes) - len(names))
    return max(
        np.mean([np.mean(clusters[labels == c] == n) for c, n in zip(classes, chosen, strict=True)])
        for chosen in permutations(names, len(classes))
    )


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 4), (4, 2), (1, 3), (3, 1)])
def test_the_matching_has_the_largest_mean(n_classes, n_clusters):
    labels = RANDOM.integers(n_classes, size=40) * RANDOM.integers(2, size=40)
    clusters = RANDOM.integers(n_clusters, size=40)

    assert BalancedAccuracy()(labels, clusters) == pytest.approx(slow(labels, clusters))


def test_small_classes_count_as_much_as_large_ones():
    """ACC matches the only cluster with the large class: 8 of 10. Here both have 1 of 2."""
    labels = [0] * 8 + [1] * 2

    assert BalancedAccuracy()(labels, [5] * 10) == pytest.approx(1 / 2)


def test_the_matching_may_be_another_than_that_of_accuracy():
    """Two of the large class of 6 and one of the small class of 1 compete for cluster 0."""
    labels, clusters = [0] * 6 + [1], [0, 0, 1, 2, 3, 4, 0]

    assert Acc()(labels, clusters) == pytest.approx(2 / 7)
    assert BalancedAccuracy()(labels, clusters) == pytest.approx((1 / 6 + 1) / 2)


def test_it_is_the_accuracy_of_classes_of_one_size():
    labels, clusters = np.arange(60) % 4, RANDOM.integers(5, size=60)

    assert BalancedAccuracy()(labels, clusters) == pytest.approx(Acc()(labels, clusters))


def test_noise_is_wrong():
    """Half of class 0, all of class 1, nothing of class 2."""
    assert BalancedAccuracy()([0, 0, 1, 2], [4, -1, 5, -1]) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert BalancedAccuracy()([0, 1], [-1, -1]) == 0
