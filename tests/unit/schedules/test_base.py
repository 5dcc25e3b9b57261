"""The clock of schedules, and the ends of transitions."""

import pytest

from dcrf.batch import Clock
from dcrf.schedules.base import Transition


class Progress(Transition):
    """Its value between the ends is the progress itself."""

    def between(self, progress):
        return progress


def transition(**changes):
    options = {"from_": 7.0, "to": 9.0, "start_iteration": 2, "end_iteration": 6, **changes}
    return Progress(**{"unit": "iteration", **options})


def test_the_first_iteration_has_done_none():
    schedule = transition(start_iteration=0, end_iteration=4)

    values = [schedule(Clock(epoch=1, iteration=iteration)) for iteration in range(1, 7)]

    assert values == [7.0, 0.25, 0.5, 0.75, 9.0, 9.0]


def test_a_transition_waits_for_its_start_and_keeps_its_end():
    values = [transition().after(done) for done in (0, 2, 3, 4, 5, 6, 100)]

    assert values == [7.0, 7.0, 0.25, 0.5, 0.75, 9.0, 9.0]


@pytest.mark.parametrize(("epoch", "value"), [(1, 7.0), (3, 7.0), (4, 0.25), (7, 9.0)])
def test_epochs_count_in_place_of_iterations(epoch, value):
    schedule = transition(unit="epoch")

    assert {schedule(Clock(epoch, iteration)) for iteration in (1, 50)} == {value}
