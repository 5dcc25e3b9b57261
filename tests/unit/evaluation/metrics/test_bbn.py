"""The BBN metric."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.bbn import Bbn

RANDOM = np.random.default_rng(0)


def slow(labels, clusters):
    total = 0
    for cluster in {*clusters}:
        members = [label for label, c in zip(labels, clusters, strict=True) if c == cluster]
        total += sum(members.count(label) ** 2 / len(members) for label in {*members})
    return total


def test_it_agrees_with_loops():
    labels, clusters = RANDOM.integers(4, size=40).tolist(), RANDOM.integers(6, size=40).tolist()

    assert Bbn()(labels, clusters) == pytest.approx(slow(labels, clusters))


def test_values_by_hand():
    """(4 + 1) / 3 of the first cluster, 1 of the second one."""
    assert Bbn()([0, 0, 1, 1], [2, 2, 2, 3]) == pytest.approx(5 / 3 + 1)
    assert Bbn()([1, 2, 3], [4, 5, 6]) == 3


def test_noise_adds_nothing():
    assert Bbn()([0, 0, 1], [5, 5, -1]) == 2
