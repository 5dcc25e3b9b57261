"""The Calinski-Harabasz index."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.calinski_harabasz import CalinskiHarabasz

RANDOM = np.random.default_rng(0)


def slow(features, clusters):
    between = within = 0
    for name in np.unique(clusters):
        mean = features[clusters == name].mean(0)
        for row in features[clusters == name]:
            between += ((mean - features.mean(0)) ** 2).sum()
            within += ((row - mean) ** 2).sum()
    k, n = len(np.unique(clusters)), len(features)
    return (between / (k - 1)) / (within / (n - k))


def test_the_index_is_the_ratio_of_variances():
    features, clusters = RANDOM.normal(size=(40, 3)), RANDOM.integers(4, size=40)

    assert CalinskiHarabasz()(features, clusters) == pytest.approx(slow(features, clusters))


def test_three_clusters_by_hand():
    """Means -3, 0 and 3, spread 1 to both sides: B = 4 * 9, W = 6."""
    features = np.array([[-4.0], [-2.0], [-1.0], [1.0], [2.0], [4.0]])

    score = CalinskiHarabasz()(features, np.array([0, 0, 1, 1, 2, 2]))

    assert score == pytest.approx((36 / 2) / (6 / 3))


def test_clusters_without_spread_have_no_ratio():
    features = np.array([[-4.0], [-4.0], [4.0], [4.0]])

    assert CalinskiHarabasz()(features, np.array([0, 0, 1, 1])) is None


def test_noise_is_left_out():
    features, clusters = RANDOM.normal(size=(30, 2)), RANDOM.integers(-1, 3, size=30)

    expected = slow(features[clusters >= 0], clusters[clusters >= 0])

    assert CalinskiHarabasz()(features, clusters) == pytest.approx(expected)
