"""Scores of clusters against labels."""

from itertools import permutations

import numpy as np
import pytest

from dcrf.evaluation.metrics import agreement, clustering_accuracy, separation

RANDOM = np.random.default_rng(0)


def slow_accuracy(labels, clusters):
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

    assert clustering_accuracy(labels, clusters) == pytest.approx(slow_accuracy(labels, clusters))


def test_accuracy_by_hand():
    assert clustering_accuracy([0, 0, 1, 1, 2], [7, 7, 7, 3, 3]) == pytest.approx(3 / 5)


@pytest.mark.parametrize("n_clusters", [2, 5, 10])
def test_scores_do_not_change_when_clusters_are_renamed_or_samples_reordered(n_clusters):
    labels, clusters = RANDOM.integers(5, size=50), RANDOM.integers(n_clusters, size=50)
    renamed, order = RANDOM.permutation(20)[clusters] - 3, RANDOM.permutation(50)

    expected = pytest.approx(agreement(labels, clusters))
    assert agreement(labels, renamed) == expected
    assert agreement(labels[order], clusters[order]) == expected


def test_perfect_clusters_have_perfect_scores_in_plain_floats():
    labels = np.array([5, 5, -1, 9])

    found = agreement(labels, np.array([0, 0, 2, 1]))

    assert found == {"acc": 1, "nmi": 1, "ari": 1}
    assert {type(value) for value in found.values()} == {float}


def test_one_cluster_for_all_scores_the_largest_class():
    assert agreement([0, 0, 0, 1], [4, 4, 4, 4]) == {"acc": 0.75, "nmi": 0, "ari": 0}


def test_separation_prefers_separate_groups():
    features = np.repeat([[0.0, 0.0], [9.0, 9.0]], 10, axis=0) + RANDOM.normal(size=(20, 2))
    good, bad = np.repeat([0, 1], 10), np.tile([0, 1], 10)

    assert separation(features, good)["silhouette"] > 0.7 > separation(features, bad)["silhouette"]
    assert (
        separation(features, good)["davies_bouldin"] < separation(features, bad)["davies_bouldin"]
    )


@pytest.mark.parametrize("clusters", [[0, 0, 0], [0, 1, 2]])
def test_separation_is_absent_where_it_is_not_defined(clusters):
    assert separation(np.eye(3), np.array(clusters)) == {}
