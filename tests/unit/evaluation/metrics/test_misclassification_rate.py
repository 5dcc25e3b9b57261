"""The misclassification rate."""

from itertools import permutations

import numpy as np
import pytest

from dcrf.evaluation.metrics.misclassification_rate import MisclassificationRate

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("n_clusters", [2, 3, 4])
def test_the_best_one_to_one_matching_counts(n_clusters):
    labels, clusters = RANDOM.integers(3, size=30), RANDOM.integers(n_clusters, size=30)
    n = max(3, n_clusters)
    wrong = [
        sum(order[label] != cluster for label, cluster in zip(labels, clusters, strict=True))
        for order in permutations(range(n))
    ]

    assert MisclassificationRate()(labels, clusters) == pytest.approx(min(wrong) / 30)


def test_noise_is_wrong():
    assert MisclassificationRate()([0, 0, 1, 1], [0, 0, -1, 1]) == pytest.approx(1 / 4)
