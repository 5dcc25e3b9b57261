"""Seconds by part, also of resumed runs."""

import pytest

from dcrf.training import timing
from dcrf.training.timing import Durations


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return now


def test_parts_are_timed_and_add_up(clock):
    durations = Durations()
    for name, seconds in (("a", 2.0), ("b", 3.0), ("a", 5.0)):
        with durations.of(name):
            clock[0] += seconds

    assert durations.seconds == {"a": 7.0, "b": 3.0}


def test_a_part_that_fails_counts(clock):
    def fail():
        clock[0] += 2
        raise KeyError

    durations = Durations()
    with pytest.raises(KeyError), durations.of("a"):
        fail()

    assert durations.seconds == {"a": 2.0}


def test_a_killed_part_counts_until_its_checkpoint(clock):
    cut, after = Durations(), Durations()
    with cut.of("a"):
        clock[0] += 2
        state = cut.state_dict()
        clock[0] += 10  # lost, since no checkpoint holds it

    with after.of("opening"):
        clock[0] += 1
    after.load_state_dict(state)
    with after.of("a"):
        clock[0] += 4

    assert after.seconds == {"a": 6.0}
