"""Where a run stops that runs only some of its phases."""

import pytest

from dcrf.config import load_checked
from dcrf.errors import ConfigError
from dcrf.runs.phase_order import BEGIN, end_after, phases_in_order
from tests.cases.methods import digits, method

FIRST, SECOND = ["pretraining"], ["finetuning"]


@pytest.fixture
def config():
    """Two data sets with two phases each."""
    data = [digits(order=0), digits(order=1, name="others")]
    return load_checked(method(datasets=data))


def test_phases_are_in_running_order(config):
    assert list(phases_in_order(config).items()) == [
        ((0, 0), "pretraining"),
        ((0, 1), "finetuning"),
        ((1, 0), "pretraining"),
        ((1, 1), "finetuning"),
    ]


@pytest.mark.parametrize(
    ("names", "position", "end"),
    [
        (FIRST, BEGIN, (0, 1)),
        ([*SECOND, *FIRST], BEGIN, None),
        (FIRST, (0, 1), (0, 1)),
        (SECOND, (0, 1), (1, 0)),
        ([*FIRST, *SECOND], (0, 1), None),
        (SECOND, (0, 2), (1, 0)),
        (SECOND, (1, 1), None),
        (FIRST, (2, 0), None),
    ],
)
def test_a_run_stops_before_the_first_other_phase(config, names, position, end):
    assert end_after(config, names, position) == end


def test_a_misspelled_name_is_refused_beside_all_others(config):
    with pytest.raises(ConfigError, match="no phase called 'fine'"):
        end_after(config, [*FIRST, *SECOND, "fine"], BEGIN)


def test_all_names_that_cannot_run_are_named(config):
    with pytest.raises(ConfigError) as caught:
        end_after(config, ["finetuning", "pretrianing"], BEGIN)

    problems = [(problem.path, problem.found, problem.remedy) for problem in caught.value.problems]
    assert problems == [
        (
            "--phases",
            "finetuning comes after pretraining",
            "write --phases pretraining,finetuning",
        ),
        (
            "--phases",
            "the method has no phase called 'pretrianing'",
            "did you mean 'pretraining'?",
        ),
    ]
