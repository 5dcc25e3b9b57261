"""The misclassification rate of a greedy matching."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.greedy_misclassification_rate import GreedyMisclassificationRate
from dcrf.evaluation.metrics.misclassification_rate import MisclassificationRate

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("labels", "clusters", "value"),
    [
        ([0, 0, 1, 1], [1, 1, 2, 2], 0),
        ([1, 1, 1, 1], [2, 2, 1, 1], 1 / 2),
        ([1, 1, 1, 1], [1, 2, 3, 4], 3 / 4),
        ([1, 2, 3, 4], [1, 1, 1, 1], 3 / 4),
        ([1, 2, 2, 4], [1, 1, 1, 1], 1 / 2),
        ([0, 0, 0, 1, 1, 1, 1, 2, 2], [7, 7, 3, 3, 2, 2, 1, 0, 0], 1 / 3),
        ([0] * 4 + [1] * 3 + [0] * 5 + [1], [0] * 7 + [1] * 6, 5 / 13),
    ],
)
def test_values_of_the_source(labels, clusters, value):
    assert GreedyMisclassificationRate()(labels, clusters) == pytest.approx(value)


def test_it_is_at_least_that_of_the_best_matching():
    for _ in range(200):
        labels, clusters = RANDOM.integers(4, size=15), RANDOM.integers(5, size=15)

        best = MisclassificationRate()(labels, clusters)
        assert GreedyMisclassificationRate()(labels, clusters) >= best - 1e-12


def test_a_class_takes_its_cluster_before_another_one_with_a_larger_class_gets_it():
    """Class 0 has more than half of cluster 0, though class 1 is matched worse so."""
    labels, clusters = [0] * 3 + [1] * 2 + [0] * 2, [0] * 5 + [1] * 2

    assert GreedyMisclassificationRate()(labels, clusters) == pytest.approx(4 / 7)
    assert MisclassificationRate()(labels, clusters) == pytest.approx(3 / 7)


def test_noise_is_wrong():
    assert GreedyMisclassificationRate()([0, 0, 1, 1], [0, 0, -1, 1]) == pytest.approx(1 / 4)
