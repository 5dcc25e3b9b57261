"""External and internal scores of clusters."""

from itertools import permutations

import numpy as np
import pytest

from dcrf.evaluation.metrics import clustering_accuracy, external_scores, internal_scores

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

    expected = pytest.approx(external_scores(labels, clusters))
    assert external_scores(labels, renamed) == expected
    assert external_scores(labels[order], clusters[order]) == expected


def test_perfect_clusters_have_perfect_scores_in_plain_floats():
    labels = np.array([5, 5, -1, 9])

    scores = external_scores(labels, np.array([0, 0, 2, 1]))

    assert scores == {"acc": 1, "nmi": 1, "ari": 1}
    assert {type(value) for value in scores.values()} == {float}


def test_one_cluster_for_all_scores_the_largest_class():
    assert external_scores([0, 0, 0, 1], [4, 4, 4, 4]) == {"acc": 0.75, "nmi": 0, "ari": 0}


def test_nmi_is_normalized_by_the_arithmetic_mean_of_the_entropies():
    """Strehl and Ghosh (2002) take the geometric mean; the field reports the arithmetic one.

    Entropies in nats: log 2 of two equal classes; 3/2 log 2 of clusters of 1/2, 1/4 and 1/4.
    """
    labels, clusters = [0, 0, 1, 1], [0, 0, 1, 2]

    assert external_scores(labels, clusters)["nmi"] == pytest.approx(1 / ((1 + 1.5) / 2))


def test_ari_by_hand():
    """4 of 15 pairs are together in both, 6 in the labels, 7 in the clusters; 2.8 by chance."""
    ari = external_scores([0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1])["ari"]

    assert ari == pytest.approx((4 - 6 * 7 / 15) / ((6 + 7) / 2 - 6 * 7 / 15))


def test_internal_scores_by_hand():
    """Two pairs on a line, 1 apart in a pair; each sample is 9 or 11 from the ends of the other."""
    features, clusters = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])
    silhouettes = [(10.5 - 1) / 10.5, (9.5 - 1) / 9.5, (9.5 - 1) / 9.5, (10.5 - 1) / 10.5]

    assert internal_scores(features, clusters) == pytest.approx(
        {"silhouette": np.mean(silhouettes), "davies_bouldin": (0.5 + 0.5) / 10}
    )


@pytest.mark.parametrize("clusters", [[0, 0, 0], [0, 1, 2]])
def test_undefined_internal_scores_are_absent(clusters):
    assert internal_scores(np.eye(3), np.array(clusters)) == {}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_internal_scores_do_not_depend_on_a_large_offset(dtype):
    """Gaps of .05 at an offset of 1,000; expanded squares would lose them in float32."""
    clusters = np.arange(300) % 3
    features = clusters[:, None] * [0.05, -0.05] + RANDOM.normal(scale=0.01, size=(300, 2))
    moved = (features + 1000).astype(dtype)

    near = internal_scores(moved.astype(np.float64) - 1000, clusters)

    assert internal_scores(moved, clusters) == pytest.approx(near, rel=1e-9)
    assert near["silhouette"] > 0.5
