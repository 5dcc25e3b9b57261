"""Signs of collapse: values computed by hand, and invariances."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from dcrf.evaluation.collapse import (
    PERSISTENCE,
    collapse_signs,
    constant_features,
    empty_clusters,
    merged_centroids,
    one_cluster,
    persistent_signs,
)

SQUARE = np.array([[0, 0], [2, 0], [0, 2], [2, 2]], np.float32)  # each corner lies 2 ** 0.5
HEALTHY = np.array([[0, 1], [2, 1]], np.float32)  # from the middle


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ((95, 5), "95.0 % of the samples are in one of 2 clusters"),
        ((0, 1000, 0), "100.0 % of the samples are in one of 3 clusters"),
        ((1000, *(0,) * 599), "100.0 % of the samples are in one of 600 clusters"),
        ((94, 6), None),
        ((100,), None),  # one cluster was asked for
        ((19, 0), None),  # which may be chance
        ((20, 0), "100.0 % of the samples are in one of 2 clusters"),
    ],
)
def test_one_cluster_has_nearly_all_samples(sizes, sentence):
    assert one_cluster(sizes) == sentence


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ((10, 10, 0, 0), None),  # just half
        ((10, 0, 0, 10, 0), "3 of 5 clusters are empty"),
        ((0, 3, 0), None),
        ((0, 6, 0), "2 of 3 clusters are empty"),
        ((20,), None),
        ((1,) * 10, None),
    ],
)
def test_most_clusters_are_empty(sizes, sentence):
    assert empty_clusters(sizes) == sentence


@pytest.mark.parametrize(
    ("features", "is_constant"),
    [
        (np.zeros((5, 3)), True),
        (np.full((5, 3), 7.25), True),
        (np.full((5, 3), 0.1, np.float32) + np.float32(1e-8), True),
        (np.array([[1.0, 0], [1.0019, 0]]), True),  # 0.00095 from the middle
        (np.array([[1.0, 0], [1.0021, 0]]), False),
        (np.array([[1e-9, 0], [0, 1e-9]]), False),  # the spread is relative
        (np.array([[1e6, 0], [1e6 + 3000, 0]]), False),
        (np.ones((1, 3)), False),
        (np.repeat([[1.0], [3.0]], [95, 5], axis=0), True),
        (np.repeat([[1.0], [3.0]], [94, 6], axis=0), False),  # a large class, and a tight one
        (np.full((4, 2), np.inf), False),
        (np.full((4, 2), np.nan), False),
    ],
)
def test_features_are_constant(features, is_constant):
    assert (constant_features(features) is not None) == is_constant


@pytest.mark.parametrize(
    ("centers", "merged"),
    [
        (HEALTHY, 0),
        (np.array([[0, 1], [0, 1], [2, 1]]), 2),
        (np.array([[0, 1], [0, 1 + 1.3e-4], [2, 1]]), 2),
        (np.array([[0, 1], [0, 1], [2, 1], [2, 1], [2, 1]]), 5),
        (np.ones((3, 2)), 3),
        (np.array([[1, 1]]), 0),
        (np.array([[1, 1, 1], [1, 1, 1]]), 0),  # among other features
        (np.array([[np.nan, 1], [1, 1]]), 0),
        (np.empty((3, 0)), 0),  # not initialized
    ],
)
def test_centroids_coincide(centers, merged):
    sentence = f"{merged} of {len(centers)} centroids coincide with another one"

    assert merged_centroids(SQUARE, centers) == (sentence if merged else None)


@pytest.mark.parametrize("features", [np.full((4, 2), np.inf), np.full((4, 2), np.nan)])
def test_centroids_are_not_compared_with_nan_or_infinite_features(features):
    assert merged_centroids(features, HEALTHY) is None


def test_centroids_are_close_together():
    # the centroids differ along the first axis only; the corners have a distance of 1 there
    for gap, sentence in [
        (0.098, "the spread of the centroids is 4.9 % of that of the features"),
        (0.102, None),
    ]:
        assert merged_centroids(SQUARE, np.array([[1, 1], [1 + gap, 1]])) == sentence


RANDOM = np.random.default_rng(0)
BULK = RANDOM.normal(size=(256, 5))
OUTLIER = np.r_[BULK[:-1], np.full((1, 5), 3e5)]
AROUND = RANDOM.normal(size=(10, 5))
NOISE = RANDOM.normal(size=(256, 500))
AXIS = np.eye(1, 500) * 0.8  # k-means with two centers halves a Gaussian there
LINE = RANDOM.uniform(size=(256, 1))
DIGITS = load_digits().data[:500]
K_MEANS = KMeans(10, n_init=1, random_state=0).fit(DIGITS)
EVEN = (10,) * 10

HEALTHY_STATES = {
    "square": ((60, 40), SQUARE, HEALTHY),
    "no centroids": ((50, 30, 20), SQUARE, None),
    "far from zero": (EVEN, BULK + 100, AROUND + 100),
    "an outlier": (EVEN, OUTLIER, AROUND),
    "imbalanced classes": ((930, 70), np.repeat([[0.0], [1.0]], [238, 18], 0), [[0.0], [1.0]]),
    "one tight class": (EVEN, np.r_[BULK[:100], np.ones((150, 5))], AROUND),
    "many clusters": ((4,) * 600, LINE, (np.arange(600)[:, None] + 0.5) / 600),
    "many clusters, few samples": ((1,) * 100 + (0,) * 500, BULK, RANDOM.normal(size=(600, 5))),
    "few samples": ((1, 2, 0), BULK[:3], AROUND[:3]),
    "many dimensions": ((128, 128), NOISE, np.r_[AXIS, -AXIS]),
    "k-means on digits": (np.bincount(K_MEANS.labels_), DIGITS, K_MEANS.cluster_centers_),
}
COLLAPSED_STATES = {
    "all": ((100, 0, 0), np.ones((4, 2)), np.ones((3, 2)), [0, 1, 2, 3]),
    "one of many clusters": ((1000, *(0,) * 599), BULK, None, [0]),
    "one class of features": ((930, 70), np.repeat([[1.0], [2.0]], [244, 12], 0), None, [2]),
    "equal to a millionth": (EVEN, 1 + 1e-6 * BULK, None, [2]),
    "equal to a thousandth": (EVEN, 1 + 3e-4 * BULK, None, [2]),
    "equal but one": (EVEN, 1 + 1e-6 * OUTLIER, None, [2]),
    "centroids together": (EVEN, BULK, 0.015 * AROUND, [3]),
    "centroids together but one": (EVEN, BULK, np.r_[0.015 * AROUND[1:], [[9] * 5]], [3]),
    "together in many dimensions": ((128, 128), NOISE, np.r_[AXIS, -AXIS] * 0.01, [3]),
}
KINDS = ["one cluster", "empty clusters", "constant features", "merged centroids"]
EVERY = [(*state, []) for state in HEALTHY_STATES.values()] + [*COLLAPSED_STATES.values()]
every_state = pytest.mark.parametrize(
    ("sizes", "features", "centers", "kinds"), EVERY, ids=[*HEALTHY_STATES, *COLLAPSED_STATES]
)


def kinds_of(sizes, features, centers):
    return list(
        collapse_signs(tuple(sizes), features, None if centers is None else np.asarray(centers))
    )


@every_state
def test_signs_are_those_of_the_state_and_no_others(sizes, features, centers, kinds):
    assert kinds_of(sizes, features, centers) == [KINDS[kind] for kind in kinds]


@every_state
def test_signs_do_not_depend_on_the_order_of_samples_and_clusters(sizes, features, centers, kinds):
    random = np.random.default_rng(1)
    for _ in range(3):
        samples, clusters = random.permutation(len(features)), random.permutation(len(sizes))
        moved = None if centers is None else np.asarray(centers)[clusters]
        signs = kinds_of(np.array(sizes)[clusters], features[samples], moved)

        assert signs == [KINDS[kind] for kind in kinds]


@every_state
@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0), (1e6, 0), (1, 7), (1e3, -3e4)])
def test_signs_do_not_depend_on_scale_and_offset(sizes, features, centers, kinds, scale, shift):
    moved = None if centers is None else np.asarray(centers) * scale + shift
    signs = kinds_of(sizes, features * scale + shift, moved)

    ignored = {"constant features"} if shift else set()  # relative to the offset
    assert set(signs) - ignored == {KINDS[kind] for kind in kinds} - ignored


@every_state
def test_signs_do_not_depend_on_a_rotation(sizes, features, centers, kinds):
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=[features.shape[1]] * 2))[0]
    middle = np.median(features, axis=0)
    moved = None if centers is None else (np.asarray(centers) - middle) @ turn + middle

    signs = kinds_of(sizes, (features - middle) @ turn + middle, moved)

    assert signs == [KINDS[kind] for kind in kinds]


def test_coinciding_and_close_centroids_are_distinguished_at_a_large_offset():
    random = np.random.default_rng(3)
    centers = np.array([[1000, 1000], [1000.05, 1000], [1000, 1000.05]], np.float32)
    features = np.repeat(centers, 80, axis=0) + random.normal(scale=5e-3, size=(240, 2))

    assert merged_centroids(features, centers) is None
    assert merged_centroids(features, centers[[0, 1, 1]]) == (
        "2 of 3 centroids coincide with another one"
    )


def test_a_sign_must_persist():
    signs, since, end = {"a": "A is so", "b": "B is so"}, {"a": 50, "b": 51}, 50 + PERSISTENCE

    assert persistent_signs(signs, since, end) == {"a": f"it 50 to {end}: A is so"}
    assert persistent_signs({}, {}, 5000) == {}
