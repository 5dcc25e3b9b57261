"""The Fowlkes-Mallows index."""

from itertools import combinations

import numpy as np
import pytest

from dcrf.evaluation.metrics.fowlkes_mallows import FowlkesMallows

RANDOM = np.random.default_rng(0)


def slow(labels, clusters):
    pairs = list(combinations(range(len(labels)), 2))
    classes = {(i, j) for i, j in pairs if labels[i] == labels[j]}
    groups = {(i, j) for i, j in pairs if clusters[i] == clusters[j]}
    both = classes & groups
    return np.sqrt(len(both) / len(classes) * len(both) / len(groups))


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_the_index_counts_pairs(n_classes, n_clusters):
    labels, clusters = RANDOM.integers(n_classes, size=30), RANDOM.integers(n_clusters, size=30)

    assert FowlkesMallows()(labels, clusters) == pytest.approx(slow(labels, clusters))


def test_no_pair_in_common_is_zero():
    assert FowlkesMallows()([0, 0, 1, 1], [0, 1, 0, 1]) == 0
    assert FowlkesMallows()([0, 0, 1, 1], [0, 1, 2, 3]) == 0


def test_noise_is_one_more_cluster():
    """Of 2 pairs in classes and 1 in clusters, none is in both; then of 2 and 6, 2."""
    assert FowlkesMallows()([0, 1, 0, 1], [4, 5, -1, -1]) == 0
    assert FowlkesMallows()([0, 1, 0, 1], [-1] * 4) == pytest.approx(2 / np.sqrt(2 * 6))
