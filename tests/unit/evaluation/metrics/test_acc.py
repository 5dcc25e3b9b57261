"""The clustering accuracy."""

from itertools import permutations

import numpy as np
import pytest

from dcrf.evaluation.metrics.acc import Acc

RANDOM = np.random.default_rng(0)


def slow(labels, clusters):
    """The best one-to-one renaming of clusters, by trying all."""
    names, classes = np.unique(clusters), list(np.unique(labels))
    classes += [None] * max(0, len(names) - len(classes))
    return max(
        np.mean([chosen[list(names).index(c)] == y for c, y in zip(clusters, labels, strict=True)])
        for chosen in permutations(classes, len(names))
    )


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 4), (4, 2), (1, 3), (3, 1)])
def test_accuracy_is_that_of_the_best_matching(n_classes, n_clusters):
    labels, clusters = RANDOM.integers(n_classes, size=30), RANDOM.integers(n_clusters, size=30)

    assert Acc()(labels, clusters) == pytest.approx(slow(labels, clusters))


def test_clusters_beyond_the_number_of_classes_are_wrong():
    """Two of four clusters match; 3 + 2 of 9 samples are in them."""
    assert Acc()([0] * 5 + [1] * 4, [0, 0, 0, 1, 1, 2, 2, 3, 3]) == pytest.approx(5 / 9)


def test_classes_beyond_the_number_of_clusters_are_wrong():
    assert Acc()([0, 0, 1, 1, 1, 2, 2, 3], [0, 0, 1, 1, 1, 0, 0, 1]) == pytest.approx(5 / 8)


def test_noise_is_wrong():
    """4 of 6 samples are assigned; noise matches no class, not even that of all noise."""
    assert Acc()([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, -1, -1]) == pytest.approx(4 / 6)
    assert Acc()([0, 0, 0, 1], [-1, -1, -1, 5]) == pytest.approx(1 / 4)
    assert Acc()([0, 1], [-1, -1]) == 0


def test_one_cluster_for_all_scores_the_largest_class():
    assert Acc()([0, 0, 0, 1], [4, 4, 4, 4]) == 0.75


def test_labels_may_be_any_integers():
    assert Acc()([5, 5, -1, 9], [0, 0, 2, 1]) == 1
