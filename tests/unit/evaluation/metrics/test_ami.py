"""The adjusted mutual information."""

from collections import Counter
from math import comb, log

import numpy as np
import pytest

from dcrf.evaluation.metrics.ami import Ami

RANDOM = np.random.default_rng(0)


def entropy(values):
    return -sum(n / len(values) * log(n / len(values)) for n in Counter(values).values())


def expected_information(rows, columns, total):
    """The mean over all tables with these sums: each cell has a hypergeometric distribution."""
    return sum(
        n / total * log(total * n / (a * b))
        * comb(b, n) * comb(total - b, a - n) / comb(total, a)
        for a in rows
        for b in columns
        for n in range(max(1, a + b - total), min(a, b) + 1)
    )  # fmt: skip


def slow(labels, clusters):
    both = entropy(list(zip(labels, clusters, strict=True)))
    information = entropy(labels) + entropy(clusters) - both
    sums = (list(Counter(values).values()) for values in (labels, clusters))
    chance = expected_information(*sums, len(labels))
    return (information - chance) / ((entropy(labels) + entropy(clusters)) / 2 - chance)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(3, 3), (2, 7), (7, 2)])
def test_information_is_adjusted_by_that_of_random_tables(n_classes, n_clusters):
    labels, clusters = RANDOM.integers(n_classes, size=40), RANDOM.integers(n_clusters, size=40)

    assert Ami()(labels, clusters) == pytest.approx(slow(labels.tolist(), clusters.tolist()))


def test_a_table_of_four_samples_by_hand():
    """In units of log 2: information 1, entropies 1 and 3/2, by chance 2/3.

    By chance: a cluster of one has 1/4 with either class; the cluster of two has 1/2 if it is pure,
    which has probability 1/6 for either class, else 0.
    """
    chance = 2 * 1 / 4 + 2 * 1 / 6 * 1 / 2

    assert Ami()([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx((1 - chance) / (1.25 - chance))


def test_many_random_clusters_gain_nothing():
    labels = RANDOM.integers(4, size=400)

    assert Ami()(labels, RANDOM.integers(100, size=400)) == pytest.approx(0, abs=0.05)


def test_noise_is_one_more_cluster():
    labels, clusters = RANDOM.integers(3, size=30), RANDOM.integers(-1, 3, size=30)

    expected = pytest.approx(Ami()(labels, np.where(clusters < 0, 7, clusters)))
    assert Ami()(labels, clusters) == expected
