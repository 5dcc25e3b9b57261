"""The V-measure."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.v_measure import VMeasure
from tests.cases.entropies import conditional_entropy, entropy

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_homogeneity_and_completeness_have_their_harmonic_mean(n_classes, n_clusters):
    labels = RANDOM.integers(n_classes, size=40).tolist()
    clusters = RANDOM.integers(n_clusters, size=40).tolist()

    homogeneity = 1 - conditional_entropy(labels, clusters) / entropy(labels)
    completeness = 1 - conditional_entropy(clusters, labels) / entropy(clusters)

    assert VMeasure()(labels, clusters) == pytest.approx(2 / (1 / homogeneity + 1 / completeness))


def test_one_cluster_is_complete_and_worth_nothing():
    assert VMeasure()([0, 0, 1, 1], [3, 3, 3, 3]) == 0


def test_noise_is_one_more_cluster():
    """Homogeneity 1/2, completeness 1/3."""
    assert VMeasure()([0, 1, 0, 1], [4, 5, -1, -1]) == pytest.approx(2 / (2 + 3))
