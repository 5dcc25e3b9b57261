"""The key `gradient_clipping` of a phase."""

import pytest

from tests.unit.config.methods import dec, load, problem

PATH = "$.phases[0].gradient_clipping"


def clipping(value):
    method = dec()
    method["phases"][0]["gradient_clipping"] = value
    return method


@pytest.mark.parametrize("value", [{"norm": 1}, {"value": 0.5}])
def test_it_limits_norm_or_value(tmp_path, value):
    first, second = load(tmp_path, clipping(value)).phases

    assert first.gradient_clipping == value
    assert second.gradient_clipping == {}


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({}, "", "an object is empty"),
        ({"norm": 1, "value": 1}, "", "these keys do not go together: norm, value"),
        ({"norm": 0}, ".norm", "0 is out of range, it must be greater than 0"),
        ({"norm": "1"}, ".norm", "'1' is not a number or an object"),
        ({"nrom": 1}, ".nrom", "unknown key 'nrom'"),
        (1.0, "", "1.0 is not an object"),
        (
            {"value": {"schedule": "linear", "from": 1, "to": 0, "end_iteration": 5}},
            ".value.to",
            "0 is out of range, it must be greater than 0",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, value, path, message):
    found = problem(tmp_path, clipping(value))

    assert (found.path, found.found) == (f"{PATH}{path}", message)
