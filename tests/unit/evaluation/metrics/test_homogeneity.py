"""The homogeneity."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.homogeneity import Homogeneity
from tests.cases.entropies import conditional_entropy, entropy

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_entropy_within_clusters_is_lost(n_classes, n_clusters):
    labels = RANDOM.integers(n_classes, size=40).tolist()
    clusters = RANDOM.integers(n_clusters, size=40).tolist()

    expected = 1 - conditional_entropy(labels, clusters) / entropy(labels)

    assert Homogeneity()(labels, clusters) == pytest.approx(expected)


def test_parts_of_classes_are_homogeneous():
    assert Homogeneity()([0, 0, 1, 1], [0, 1, 2, 3]) == pytest.approx(1)


def test_noise_is_one_more_cluster():
    """Half of the samples are in a pure cluster; the noise holds both classes alike."""
    assert Homogeneity()([0, 1, 0, 1], [4, 5, -1, -1]) == pytest.approx(1 / 2)
    assert Homogeneity()([0, 1, 0, 1], [-1, -1, -1, -1]) == pytest.approx(0)
