"""What a user reads when a file cannot be used."""

from pathlib import Path

import pytest

from dcrf.errors import ConfigError, DataError, DcrfError, Problem, TrainingError


def test_every_problem_is_shown_with_place_finding_and_remedy():
    error = ConfigError(
        Path("method.json"),
        [
            Problem("$.phases[0].name", "a number", "a text is expected", line=3, column=9),
            Problem("$.seed", "a text stands here"),
        ],
    )

    assert str(error) == (
        "method.json has 2 problems\n"
        "  $.phases[0].name  (line 3, column 9)\n"
        "    a number\n"
        "    a text is expected\n"
        "  $.seed\n"
        "    a text stands here"
    )


def test_one_problem_is_no_plural():
    assert str(ConfigError("a.json", [Problem("$", "x")])).startswith("a.json has 1 problem\n")


def test_problems_can_be_read_one_by_one():
    problem = Problem("$", "found", "remedy")
    error = ConfigError("a.json", [problem])

    assert error.problems == (problem,)
    assert error.source == "a.json"


@pytest.mark.parametrize("kind", [ConfigError, DataError, TrainingError])
def test_all_errors_have_one_base(kind):
    assert issubclass(kind, DcrfError)
