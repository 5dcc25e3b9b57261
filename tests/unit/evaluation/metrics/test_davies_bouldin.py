"""The Davies-Bouldin index."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.davies_bouldin import DaviesBouldin

RANDOM = np.random.default_rng(0)


def slow(features, clusters):
    groups = [features[clusters == c] for c in np.unique(clusters)]
    means = [group.mean(0) for group in groups]
    spreads = [
        np.mean([np.linalg.norm(x - m) for x in g]) for g, m in zip(groups, means, strict=True)
    ]
    worst = [
        max(
            (spreads[i] + spreads[j]) / np.linalg.norm(means[i] - means[j])
            for j in range(len(groups))
            if j != i
        )
        for i in range(len(groups))
    ]
    return np.mean(worst)


def test_the_index_is_that_of_the_worst_neighbors():
    features, clusters = RANDOM.normal(size=(40, 3)), RANDOM.integers(4, size=40)

    assert DaviesBouldin()(features, clusters) == pytest.approx(slow(features, clusters))


def test_clusters_without_spread_are_perfect():
    features = np.array([[0.0], [0.0], [5.0], [5.0]])

    assert DaviesBouldin()(features, np.array([0, 0, 1, 1])) == 0
