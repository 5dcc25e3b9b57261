"""The piecewise schedule."""

import numpy as np
import pytest

from dcrf.builder.schedules import build_schedule
from tests.unit.config.methods import dec, load, problem

WEIGHT = "$.phases[0].design_patterns[0].loss_weight"
POINTS = [[2, 1.0], [6, 3.0], [7, 0.0]]


def weighted(points):
    method = dec()
    entry = {"schedule": "piecewise", "points": points}
    method["phases"][0]["design_patterns"][0]["loss_weight"] = entry
    return method


def built(points):
    return build_schedule({"schedule": "piecewise", "points": points, "unit": "iteration"})


def test_values_by_hand():
    values = [built(POINTS).after(done) for done in range(10)]

    assert values == [1.0, 1.0, 1.0, 1.5, 2.0, 2.5, 3.0, 0.0, 0.0, 0.0]


def test_values_are_those_of_numpy():
    points = [[3, -1.0], [11, 4.0], [17, 3.5], [40, 9.0]]

    values = [built(points).after(done) for done in range(50)]

    assert values == pytest.approx(np.interp(range(50), *zip(*points, strict=True)))


def test_one_point_is_a_constant():
    assert {built([[5, 2.0]]).after(done) for done in range(9)} == {2.0}


@pytest.mark.parametrize("second", [2, 1])
def test_points_are_in_order(tmp_path, second):
    found = problem(tmp_path, weighted([[2, 1.0], [second, 3.0]]))

    assert found.path == f"{WEIGHT}.points[1]"
    assert found.found == f"{second} follows 2, but these numbers ascend"


@pytest.mark.parametrize(
    ("points", "path", "message"),
    [
        ([], ".points", "a list is empty"),
        ([[0, 1.0, 2.0]], ".points[0]", "a list of 3, not of 2"),
        ([[0]], ".points[0]", "a list of 1, not of 2"),
        ([[0.5, 1.0]], ".points[0][0]", "0.5 is not an integer"),
        ([[-1, 1.0]], ".points[0][0]", "-1 is out of range, it must be at least 0"),
        ([[0, "1"]], ".points[0][1]", "'1' is not a number"),
        ([3], ".points[0]", "3 is not a list"),
    ],
)
def test_a_point_is_an_iteration_and_a_value(tmp_path, points, path, message):
    found = problem(tmp_path, weighted(points))

    assert (found.path, found.found) == (f"{WEIGHT}{path}", message)


def test_a_point_after_the_phase_is_a_warning(tmp_path):
    (warning,) = load(tmp_path, weighted([[0, 1.0], [11, 2.0]])).warnings

    assert warning.path == f"{WEIGHT}.points[1][0]"
