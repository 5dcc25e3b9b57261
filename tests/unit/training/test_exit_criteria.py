"""When exit criteria are met, and their reasons."""

from dataclasses import dataclass, field

import pytest

from dcrf.batch import Clock
from dcrf.evaluation.evaluator import Evaluation
from dcrf.training.exit_criteria import (
    Collapse,
    Epochs,
    Iterations,
    ReassignmentBelow,
    ScoreAbove,
    ScoreBelowAfter,
)


@dataclass
class State:
    clock: Clock
    evaluation: Evaluation | None = None
    warnings: dict[str, str] = field(default_factory=dict)


def at(iteration, epoch=1, *, ends=False, ratio=None, **scores):
    seen = Evaluation(10, (5, 5), scores, ratio) if scores or ratio is not None else None
    return State(Clock(epoch, iteration, ends), seen)


@pytest.mark.parametrize(
    ("criterion", "before", "met", "reason"),
    [
        (Iterations(5), at(4), at(5), "5 iterations"),
        (Epochs(2), at(9, 1, ends=True), at(20, 2, ends=True), "2 epochs"),
        (Epochs(2), at(19, 2), at(21, 3), "2 epochs"),
        (ScoreAbove("acc", 0.9), at(1, acc=0.9), at(1, acc=0.95), "ACC 0.950 > 0.9"),
        (ScoreAbove("nmi", 0.5), at(1), at(1, nmi=0.6), "NMI 0.600 > 0.5"),
        (ScoreAbove("ari", 0.5), at(1, nmi=0.6), at(1, ari=0.6), "ARI 0.600 > 0.5"),
        (
            ScoreBelowAfter("acc", 0.3, 100),
            at(99, acc=0.1),
            at(100, acc=0.1),
            "ACC 0.100 < 0.3 after 100 iterations",
        ),
        (ScoreBelowAfter("ari", 0.3, 1), at(5), at(5, ari=0.2), "ARI 0.200 < 0.3"),
        (ScoreBelowAfter("nmi", 0.3, 1), at(5, nmi=0.3), at(5, nmi=0.2), "NMI 0.200 < 0.3"),
        (ScoreAbove("any_other", 2), at(1, acc=3), at(1, any_other=2.5), "any_other 2.500 > 2"),
        (
            ReassignmentBelow(0.001),
            at(5, ratio=0.001),
            at(5, ratio=0.0),
            "reassignment ratio 0.00000 < 0.001",
        ),
        (ReassignmentBelow(0.1), at(5, acc=1.0), at(5, ratio=0.05), "reassignment"),
    ],
    ids=str,
)
def test_a_criterion_is_met_when_it_should_be(criterion, before, met, reason):
    assert criterion.reason(before) is None
    assert criterion.reason(met).startswith(reason)


def test_a_collapse_ends_a_phase_once_it_has_lasted():
    evaluation = Evaluation(10, (5, 5), collapse={"one cluster": "all are one"})
    state = State(Clock(1, 200), evaluation)
    assert Collapse().reason(state) is None

    state.warnings = {"one cluster": "it 100 to 200: all are one"}
    assert Collapse().reason(state) == "collapsed: it 100 to 200: all are one"
