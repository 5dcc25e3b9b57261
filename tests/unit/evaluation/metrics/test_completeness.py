"""The completeness."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.completeness import Completeness
from tests.cases.entropies import conditional_entropy, entropy

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_entropy_within_classes_is_lost(n_classes, n_clusters):
    labels = RANDOM.integers(n_classes, size=40).tolist()
    clusters = RANDOM.integers(n_clusters, size=40).tolist()

    expected = 1 - conditional_entropy(clusters, labels) / entropy(clusters)

    assert Completeness()(labels, clusters) == pytest.approx(expected)


def test_unions_of_classes_are_complete():
    assert Completeness()([0, 1, 2, 2], [0, 0, 1, 1]) == pytest.approx(1)
    assert Completeness()([0, 1, 2, 2], [5, 5, 5, 5]) == pytest.approx(1)


def test_noise_is_one_more_cluster():
    """Clusters of 1/4, 1/4 and 1/2 have 3/2 log 2; each class is in two of them, log 2."""
    assert Completeness()([0, 1, 0, 1], [4, 5, -1, -1]) == pytest.approx(1 - 1 / 1.5)
