"""Signs of collapse, by values that can be checked by hand."""

import numpy as np
import pytest

from dcrf.evaluation.collapse import (
    constant_features,
    empty_clusters,
    merged_centroids,
    one_cluster,
    signs,
)

SQUARE = np.array([[0, 0], [2, 0], [0, 2], [2, 2]], np.float32)  # 2 is the squared distance
HEALTHY = np.array([[0, 1], [2, 1]], np.float32)  # of each corner from the middle


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ((95, 5), "95.0 % of the samples are in one of 2 clusters"),
        ((0, 1000, 0), "100.0 % of the samples are in one of 3 clusters"),
        ((94, 6), None),
        ((100,), None),  # one cluster was asked for
        ((3, 0), None),  # three samples say nothing about two clusters
        ((4, 0), "100.0 % of the samples are in one of 2 clusters"),
    ],
)
def test_one_cluster_has_nearly_all_samples(sizes, found):
    assert (one_cluster(sizes) is not None) == (found is not None)
    assert found is None or one_cluster(sizes) == found


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ((10, 10, 0, 0), None),  # just half
        ((10, 0, 0, 10, 0), "3 of 5 clusters are empty"),
        ((0, 3, 0), None),
        ((0, 6, 0), "2 of 3 clusters are empty"),
        ((20,), None),
        ((1,) * 10, None),
    ],
)
def test_most_clusters_are_empty(sizes, found):
    assert empty_clusters(sizes) == found


@pytest.mark.parametrize(
    ("features", "is_constant"),
    [
        (np.zeros((5, 3)), True),
        (np.full((5, 3), 7.25), True),
        (np.full((5, 3), 0.1, np.float32) + np.float32(1e-8), True),
        (np.array([[1.0, 0], [1 + 1e-7, 0]]), True),  # variance 2.5e-15 of a mean square of 1
        (np.array([[1.0, 0], [1 + 1e-5, 0]]), False),  # 2.5e-11
        (np.array([[1e-9, 0], [0, 1e-9]]), False),  # what counts is relative
        (np.array([[1e6, 0], [1e6 + 10, 0]]), False),
        (np.ones((1, 3)), False),
        (np.full((4, 2), np.inf), False),
        (np.full((4, 2), np.nan), False),
    ],
)
def test_features_are_constant(features, is_constant):
    with np.errstate(invalid="ignore"):
        assert (constant_features(features) is not None) == is_constant


@pytest.mark.parametrize(
    ("centres", "merged"),
    [
        (HEALTHY, 0),
        (np.array([[0, 1], [0, 1], [2, 1]]), 2),
        (np.array([[0, 1], [0, 1 + 1.3e-4], [2, 1]]), 2),  # the spread is 2 ** 0.5
        (np.array([[0, 1], [0, 1 + 1.5e-4], [2, 1]]), 0),
        (np.array([[0, 1], [0, 1], [2, 1], [2, 1], [2, 1]]), 5),
        (np.array([[1, 1]]), 0),
        (np.array([[1, 1, 1], [1, 1, 1]]), 0),  # among other features
        (np.array([[np.nan, 1], [1, 1]]), 0),
    ],
)
def test_centroids_lie_on_one_another(centres, merged):
    found = merged_centroids(SQUARE, centres)

    assert found == (f"{merged} of {len(centres)} centroids lie on another one" if merged else None)


def test_centroids_that_are_not_initialised_are_passed_over():
    assert merged_centroids(SQUARE, np.empty((3, 0))) is None


def test_scale_and_place_of_the_features_change_nothing():
    centres = np.array([[0, 1], [0, 1 + 1.3e-4], [2, 1]])
    for scale in (1e-3, 1, 1e6):
        for shift in (0, 50 * scale):
            features, moved = SQUARE.astype(float) * scale + shift, centres * scale + shift

            assert set(signs((2, 2), features, moved)) == {"merged centroids"}


def test_a_healthy_state_has_no_signs():
    assert signs((50, 30, 20), SQUARE, HEALTHY) == {}
    assert signs((50, 30, 20), SQUARE, None) == {}


def test_all_signs_are_told():
    found = signs((100, 0, 0), np.ones((4, 2)), np.ones((3, 2)))

    assert list(found) == ["one cluster", "empty clusters", "constant features", "merged centroids"]
