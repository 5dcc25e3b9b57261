"""What all metrics share."""

import numpy as np
import pytest

from dcrf.evaluation.metrics.acc import Acc
from dcrf.evaluation.metrics.base import class_table
from dcrf.evaluation.metrics.silhouette import Silhouette

RANDOM = np.random.default_rng(0)


def test_the_table_counts_the_samples_of_every_pair():
    table = class_table(np.array([5, 5, -1, 5]), np.array([0, 2, 2, 2]))

    assert table.tolist() == [[0, 1], [1, 2]]


def test_noise_is_in_no_cluster_of_the_table_and_its_class_keeps_its_row():
    table = class_table(np.array([0, 0, 1, 1, 2]), np.array([4, -1, 3, 4, -1]))

    assert table.tolist() == [[0, 1], [1, 1], [0, 0]]


def test_a_table_of_noise_alone_has_no_cluster():
    assert class_table(np.array([0, 1]), np.array([-1, -1])).shape == (2, 0)


def test_metrics_of_features_leave_noise_out():
    features, clusters = RANDOM.normal(size=(30, 2)), RANDOM.integers(-1, 3, size=30)
    assigned = clusters >= 0

    expected = Silhouette()(features[assigned], clusters[assigned])

    assert Silhouette()(features, clusters) == expected
    assert Silhouette()(features, np.where(clusters == 0, 0, -1)) is None


def test_as_many_classes_as_samples_are_no_warning():
    assert Acc()(np.arange(30), np.arange(30)) == 1


@pytest.mark.parametrize("clusters", [[0, 0, 0], [0, 1, 2]])
def test_metrics_of_features_need_two_clusters_and_fewer_than_samples(clusters):
    assert Silhouette()(np.eye(3), np.array(clusters)) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_metrics_of_features_do_not_depend_on_a_large_offset(dtype):
    """Gaps of .05 at an offset of 1,000; expanded squares would lose them in float32."""
    clusters = np.arange(300) % 3
    features = clusters[:, None] * [0.05, -0.05] + RANDOM.normal(scale=0.01, size=(300, 2))
    moved = (features + 1000).astype(dtype)

    near = Silhouette()(moved.astype(np.float64) - 1000, clusters)

    assert Silhouette()(moved, clusters) == pytest.approx(near, rel=1e-9)
    assert near > 0.5
