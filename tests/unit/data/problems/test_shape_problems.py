import numpy as np

from dcrf.data.problems.shape_problems import ShapeProblems

PROBLEMS = ShapeProblems(4, 9, 2, 5, 0.05)


def test_numbers_of_objects_and_clusters_lie_in_their_ranges():
    drawn = PROBLEMS.draw(300, np.random.default_rng(0))
    sizes, counts = (drawn.partition >= 0).sum(1), drawn.partition.amax(1) + 1

    assert {*counts.tolist()} == {2, 3, 4, 5}
    assert {*sizes.tolist()} == {4, 5, 6, 7, 8, 9}
    assert (sizes >= counts).all()


def test_points_are_in_random_order():
    """Otherwise the clusters of a set would be numbered by their first objects."""
    drawn = ShapeProblems(20, 20, 2, 2, 0.05).draw(100, np.random.default_rng(0))

    assert 0.3 < drawn.partition[:, 0].double().mean() < 0.7


def test_the_fingerprint_has_all_numbers():
    assert PROBLEMS.fingerprint() == {
        "min_objects": 4,
        "max_objects": 9,
        "min_clusters": 2,
        "max_clusters": 5,
        "deviation": 0.05,
    }
