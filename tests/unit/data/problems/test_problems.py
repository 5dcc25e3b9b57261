import numpy as np
import pytest

from dcrf.data.problems.problems import (
    check_least_clusters,
    draw_number_of_objects,
    filled_up,
    range_of_objects,
)
from dcrf.errors import OptionError


def test_a_range_is_a_number_or_two():
    assert range_of_objects(7, 5) == (7, 7)
    assert range_of_objects([3, 7], 5) == (3, 7)


def test_a_range_that_is_upside_down_is_an_error():
    with pytest.raises(OptionError, match="the least number, 7, exceeds the greatest, 3"):
        range_of_objects([7, 3], 2)


def test_too_few_objects_for_the_clusters_are_an_error():
    with pytest.raises(OptionError, match="num_clusters need 10 objects, but"):
        range_of_objects([3, 9], 10)


def test_more_least_clusters_than_clusters_are_an_error():
    check_least_clusters(3, 3)
    with pytest.raises(OptionError, match="it is 4, but the greatest number is 3"):
        check_least_clusters(4, 3)


def test_the_number_of_objects_is_uniform():
    random = np.random.default_rng(0)
    numbers = np.bincount([draw_number_of_objects(3, 5, random) for _ in range(3000)])

    assert numbers[:3].tolist() == [0, 0, 0]
    assert (abs(numbers[3:] - 1000) < 100).all()


def test_rows_are_filled_up_at_their_ends():
    rows = [np.array([[1, 2], [3, 4]]), np.array([[5, 6]])]

    assert filled_up(rows, 3, -1).tolist() == [
        [[1, 2], [3, 4], [-1, -1]],
        [[5, 6], [-1, -1], [-1, -1]],
    ]
