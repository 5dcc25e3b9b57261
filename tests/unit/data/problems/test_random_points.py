import math

import numpy as np
import pytest

from dcrf.data.problems.random_points import _gaussians, random_points

SEEDS = range(60)


def drawn(seed, n_objects=72, n_clusters=5, deviation=0.025):
    return random_points(n_objects, n_clusters, deviation, np.random.default_rng(seed))


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("n_objects", [5, 20, 73])
def test_every_object_has_a_cluster_and_every_cluster_objects(n_objects, n_clusters):
    for seed in range(15):
        points, partition = drawn(seed, n_objects, n_clusters)

        assert points.shape == (n_objects, 2)
        assert np.unique(partition).tolist() == list(range(n_clusters))


def test_points_lie_in_the_unit_square_but_for_tails_of_gaussians():
    points = np.concatenate([drawn(seed)[0] for seed in SEEDS])

    assert points.min() > -0.15
    assert points.max() < 1.15


def test_the_same_generator_draws_the_same_points():
    for first, second in zip(drawn(3), drawn(3), strict=True):
        assert np.array_equal(first, second)
    assert not np.array_equal(drawn(3)[0], drawn(4)[0])


def test_sets_of_few_objects_are_gaussians():
    """Circles and moons need five objects in each cluster."""
    for seed in range(20):
        points, partition = drawn(seed, n_objects=8, n_clusters=2, deviation=1e-6)

        assert max(np.ptp(points[partition == k], axis=0).max() for k in range(2)) < 1e-4


def test_centers_of_gaussians_in_one_group_lie_apart():
    for seed in SEEDS:
        clusters = _gaussians([2] * 5, 0.0, np.random.default_rng(seed))
        centers = [points[0] for points in clusters]

        assert sum(map(len, clusters)) == 10
        assert min(math.dist(a, b) for i, a in enumerate(centers) for b in centers[:i]) >= 0.2


def test_a_circle_or_a_moon_alone_fills_the_middle_of_the_square():
    """Its least and greatest coordinates are 0.25 and 0.75 on both axes."""
    extents = [drawn(seed, n_clusters=1)[0] for seed in SEEDS]
    filled = [
        points
        for points in extents
        if np.allclose(points.min(0), 0.25) and np.allclose(points.max(0), 0.75)
    ]

    assert 0.4 < len(filled) / len(extents) < 0.9  # two of three shapes


def test_all_shapes_occur():
    """Two circles: the points of one lie inside of the other, around the same center."""
    concentric = 0
    for seed in range(200):
        points, partition = drawn(seed, n_clusters=2)
        centers = [points[partition == k].mean(axis=0) for k in range(2)]
        radii = [np.linalg.norm(points[partition == k] - centers[k], axis=1) for k in range(2)]
        is_ring = radii[0].min() > 0.15 and radii[1].max() < 0.15
        concentric += is_ring and math.dist(*centers) < 0.02

    assert 10 < concentric < 100
