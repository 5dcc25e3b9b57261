"""The silhouette."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.silhouette import Silhouette

RANDOM = np.random.default_rng(0)


def slow(features, clusters):
    values = []
    for i, own in enumerate(clusters):
        distances = [np.linalg.norm(features[i] - row) for row in features]
        others = [d for j, d in enumerate(distances) if clusters[j] == own and j != i]
        if not others:
            values.append(0)
            continue
        nearest = min(
            np.mean([d for d, c in zip(distances, clusters, strict=True) if c == other])
            for other in set(clusters) - {own}
        )
        values.append((nearest - np.mean(others)) / max(nearest, np.mean(others)))
    return np.mean(values)


def test_the_mean_is_that_of_the_samples():
    features, clusters = RANDOM.normal(size=(25, 3)), RANDOM.integers(4, size=25)

    assert Silhouette()(features, clusters) == pytest.approx(slow(features, clusters.tolist()))


def test_a_sample_alone_in_its_cluster_counts_as_zero():
    """4 / 5 and 3 / 4 of the pair."""
    features = np.array([[0.0], [1.0], [5.0]])

    assert Silhouette()(features, np.array([0, 0, 1])) == pytest.approx((0.8 + 0.75 + 0) / 3)
