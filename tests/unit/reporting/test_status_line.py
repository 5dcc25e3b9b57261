"""The status of a run in lines of any width."""

from dataclasses import replace

import pytest

from dcrf.reporting.progress import Status
from dcrf.reporting.status_line import clock_time, cut, cut_start, progress_line, status_line, width

STATUS = Status(
    phase="finetuning",
    number=2,
    phases=3,
    iteration=1240,
    iterations=5000,
    rate=38.2,
    seconds_left=250.4,
    scores=["ACC 0.812", "NMI 0.705"],
    losses={"target": 0.0123, "reconstruction": 0.021},
)
EMPTY = Status("finetuning")
WIDE = replace(STATUS, phase="微調整" * 20, dataset="数据", may_end_earlier=True)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (
            140,
            "phase 2 of 3 finetuning  it 1,240 of 5,000  38 it/s  4:10 left  ACC 0.812  NMI 0.705"
            "  target 0.0123  reconstruction 0.021",
        ),
        (79, "phase 2 of 3 finetuning  it 1,240 of 5,000  38 it/s  4:10 left  ACC 0.812"),
        (59, "2/3 finetuning  1,240/5,000  38 it/s  4:10 left  ACC 0.812"),
        (50, "2/3 finetuning  1,240/5,000  38 it/s  4:10 left"),
        (40, "2/3 finetuning  1,240/5,000  4:10 left"),
        (30, "2/3 finet...  1,240/5,000"),
        (10, "2/3 fin..."),
        (2, ".."),
    ],
)
def test_the_most_important_parts_fit(columns, text):
    assert status_line(STATUS, columns) == text


@pytest.mark.parametrize("status", [STATUS, EMPTY, WIDE], ids=["full", "empty", "wide"])
@pytest.mark.parametrize("name", ["", "dec, seed 0"])
def test_no_line_is_wider_than_the_terminal(status, name):
    for columns in range(1, 200):
        assert width(status_line(status, columns, name)) <= columns


def test_a_run_among_others_has_its_name():
    line = status_line(STATUS, 79, "dec, seed 0")

    assert line == "dec, seed 0  2/3 finetuning  1,240/5,000  38 it/s  4:10 left  ACC 0.812"


def test_a_phase_that_may_end_earlier_has_at_most_this_time():
    status = replace(STATUS, may_end_earlier=True)

    assert "38 it/s  at most 4:10 left" in status_line(status, 140)
    assert "38 it/s  <= 4:10 left" in status_line(status, 60)


def test_before_the_first_iteration_a_phase_starts():
    status = Status("finetuning", 2, 3, dataset="digits", iterations=5000)

    assert status_line(status, 79) == "phase 2 of 3 finetuning on digits  starts"


def test_control_characters_are_escaped():
    status = replace(EMPTY, phase="a\x1b[2J", iteration=1, losses={"b\r": 1.0})

    assert status_line(status, 79, "c\x07") == r"c\x07  a\x1b[2J  1  b\r 1"


@pytest.mark.parametrize(
    ("rate", "text"), [(1234.5, "1,234 it/s"), (9.54, "9.5 it/s"), (0.25, "4.0 s/it")]
)
def test_slow_rates_are_seconds_per_iteration(rate, text):
    assert text in status_line(replace(STATUS, rate=rate), 140)


def test_the_line_of_a_log_is_whole():
    assert progress_line(STATUS) == (
        "finetuning  it 1240 of 5000  38 it/s  4:10 left  ACC 0.812  NMI 0.705"
        "  target 0.0123  reconstruction 0.021"
    )


def test_times_have_hours_if_needed():
    assert [clock_time(s) for s in (8.2, 59.6, 250, 3850)] == ["0:08", "1:00", "4:10", "1:04:10"]


def test_names_are_cut_at_either_end():
    assert cut("abcdef", 6) == cut_start("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abc..."
    assert cut_start("abcdefg", 6) == "...efg"
