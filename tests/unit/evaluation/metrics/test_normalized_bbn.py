"""The normalized BBN metric."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.bbn import Bbn
from dcrf.evaluation.metrics.normalized_bbn import NormalizedBbn

RANDOM = np.random.default_rng(0)


def test_it_is_the_share_of_the_value_of_the_classes_themselves():
    labels, clusters = RANDOM.integers(4, size=40), RANDOM.integers(6, size=40)

    expected = Bbn()(labels, clusters) / Bbn()(labels, labels)
    assert NormalizedBbn()(labels, clusters) == pytest.approx(expected)


def test_clusters_of_one_class_each_have_the_highest_value():
    assert NormalizedBbn()([0, 0, 1, 1], [0, 1, 2, 2]) == 1
