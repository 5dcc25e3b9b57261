"""The normalized mutual information."""

from collections import Counter
from math import log

import numpy as np
import pytest

from dcrf.evaluation.metrics.nmi import Nmi

RANDOM = np.random.default_rng(0)


def entropy(values):
    return -sum(n / len(values) * log(n / len(values)) for n in Counter(values).values())


def slow(labels, clusters):
    """Entropies in nats, from counts of single values and of pairs."""
    both = entropy(list(zip(labels, clusters, strict=True)))
    information = entropy(labels) + entropy(clusters) - both
    return 2 * information / (entropy(labels) + entropy(clusters))


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_information_is_normalized_by_the_arithmetic_mean(n_classes, n_clusters):
    labels, clusters = RANDOM.integers(n_classes, size=40), RANDOM.integers(n_clusters, size=40)

    assert Nmi()(labels, clusters) == pytest.approx(slow(labels.tolist(), clusters.tolist()))


def test_the_geometric_mean_would_be_another_number():
    """Entropies: log 2 of two equal classes; 3/2 log 2 of clusters of 1/2, 1/4 and 1/4."""
    assert Nmi()([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx(1 / ((1 + 1.5) / 2))


def test_one_cluster_tells_nothing():
    assert Nmi()([0, 0, 0, 1], [4, 4, 4, 4]) == 0


def test_noise_is_one_more_cluster():
    labels, clusters = RANDOM.integers(3, size=30), RANDOM.integers(-1, 3, size=30)

    expected = pytest.approx(Nmi()(labels, np.where(clusters < 0, 7, clusters)))
    assert Nmi()(labels, clusters) == expected
    assert Nmi()(labels, np.full(30, -1)) == 0
