"""Minutes to an accuracy are those of training, and curves are kept."""

import json
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from benchmarks import time_to_quality
from benchmarks.time_to_quality import CONTENDERS, Curve, FinishedError, Lengths, Watch, page

N = 100
LABELS = np.arange(N) % 10


class Clock:
    """Seconds that the test sets."""

    seconds = 0.0

    def __call__(self):
        return self.seconds


def assigned(images, clock=None, wrong=0):
    """The labels but for some, after an hour if there is a clock."""
    if clock is not None:
        clock.seconds += 3600
    clusters = torch.from_numpy(LABELS).clone()
    clusters[:wrong] = (clusters[:wrong] + 1) % 10
    return clusters


@pytest.fixture
def clock():
    return Clock()


def watch(clock, minutes=1000.0, **changes):
    return Watch(torch.zeros(N, 1, 28, 28), LABELS, minutes, clock=clock, **changes)


def test_evaluations_are_not_counted(clock):
    timed = watch(clock)
    for _ in range(2):
        clock.seconds += 90
        timed.look(partial(assigned, clock=clock, wrong=50))

    assert timed.points == [(1.5, pytest.approx(0.5)), (3.0, pytest.approx(0.5))]


def test_the_clock_starts_after_the_preparation(clock):
    timed = watch(clock)
    clock.seconds += 600
    timed.start()
    clock.seconds += 60
    timed.look(partial(assigned, wrong=50))

    assert timed.points[0][0] == 1.0


def test_the_training_ends_at_the_greatest_accuracy(clock):
    timed = watch(clock, accuracies=(0.5, 0.95))
    timed.look(partial(assigned, wrong=20))

    with pytest.raises(FinishedError):
        timed.look(partial(assigned, wrong=5))


def test_the_training_ends_when_the_time_is_over(clock):
    timed = watch(clock, minutes=2)
    timed.check()
    clock.seconds += 121

    with pytest.raises(FinishedError):
        timed.check()
    with pytest.raises(FinishedError):
        timed.look(partial(assigned, wrong=50))


def curve(*points):
    return Curve(points, "2 epochs + 3 epochs", "a machine", {}, date="2026-11-30")


def test_minutes_are_those_of_the_first_evaluation_that_reaches_an_accuracy():
    found = curve((1.0, 0.8), (2.0, 0.91), (3.0, 0.89), (4.0, 0.96))

    assert [found.minutes_until(accuracy) for accuracy in (0.9, 0.95, 0.97)] == [2.0, 4.0, None]


def test_the_page_has_a_row_for_each_contender():
    text = page({"ours": curve((1.0, 0.8), (2.04, 0.91)), "none": curve()})

    ours = "| ours | 2 epochs + 3 epochs | 2.0 | - | - | 0.9100 | 2.0 | 2026-11-30 |"
    assert text.splitlines()[-2:] == [
        ours,
        "| none | 2 epochs + 3 epochs | - | - | - | - | - | 2026-11-30 |",
    ]


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name in CONTENDERS if "bf16" not in name])
def test_every_contender_trains_and_is_evaluated(name, tmp_path):
    for word, package in {"ClustPy": "clustpy", "fast": "umap"}.items():
        if word in name and find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    file = tmp_path / "curves.json"
    lengths = ["--pretraining", "2", "--clustering", "2", "--epochs", "1", "1", "--every", "1"]
    arguments = ["--only", name, *lengths, "--samples", "256", "--output", str(file)]

    time_to_quality.main(arguments)
    (found,) = json.loads(file.read_text()).values()
    before = file.stat().st_mtime_ns
    time_to_quality.main(arguments)  # it is kept

    minutes, accuracies = zip(*found["points"], strict=True)
    assert len(minutes) == 2
    assert sorted(minutes) == list(minutes)
    assert all(0.1 <= accuracy <= 1 for accuracy in accuracies)
    assert file.stat().st_mtime_ns == before
    assert f"| {name} |" in file.with_name("CURVES.md").read_text()


def test_lengths_are_those_of_the_file_unless_they_are_given():
    _, schedule = CONTENDERS["hybrid, dcrf, bf16"](Lengths(pretraining=7))

    assert schedule == "7 iterations + 100,000 iterations"
