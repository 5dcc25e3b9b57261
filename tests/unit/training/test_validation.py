from dataclasses import dataclass, field

import pytest
import torch
from torch import nn

from dcrf.batch import Clock, Place
from dcrf.evaluation.evaluator import Evaluation
from dcrf.reporting.records import Note, ValidationRecord
from dcrf.training.phase import PhaseState
from dcrf.training.validation import Validation, ValidationRule


@dataclass
class Scripted:
    """An evaluator that reads its next score."""

    scores: list
    reason: str | None = None

    def why_not_ready(self):
        return self.reason

    def evaluate(self, data_pass):
        return Evaluation(5, (5,), {"nmi": self.scores.pop(0)})

    def score_candidates(self, data_pass):
        pass

    def state_dict(self):
        return {"left": list(self.scores)}

    def load_state_dict(self, state):
        self.scores = list(state["left"])


@dataclass
class Written:
    records: list = field(default_factory=list)

    def write(self, record):
        self.records.append(record)


def validation(scores, interval=2, patience=None, keep_best=True, larger=True, reason=None):
    rule = ValidationRule(interval, "nmi", larger, patience, keep_best)
    place = Place("unseen", "training")
    method = nn.Linear(1, 1, bias=False)
    return Validation(rule, method, Scripted(scores, reason), None, Written(), place)


def run(hook, iterations, first=1):
    """Run iterations in which the weight is the iteration; return the one that ends the phase."""
    for i in range(first, iterations + 1):
        with torch.no_grad():
            hook.method.weight.fill_(i)
        state = PhaseState(Clock(1, i))
        hook.after_iteration(state)
        if hook.reason(state):
            break
    return i


def end(hook):
    hook.after_phase(PhaseState(Clock(1, 1)))
    return hook.method.weight.item()


def test_the_parameters_of_the_best_score_are_kept():
    hook = validation([0.1, 0.5, 0.3, 0.5])
    run(hook, 9)

    assert end(hook) == 4  # the first of the two best
    assert hook.writer.records[-1] == Note(
        "training  keeps the parameters after it 4, NMI 0.500 on unseen"
    )


def test_of_a_metric_of_errors_the_least_is_the_best():
    hook = validation([0.5, 0.1, 0.3], larger=False)
    run(hook, 6)

    assert end(hook) == 4


def test_the_last_parameters_stay_if_the_best_are_not_wanted():
    hook = validation([0.1, 0.5, 0.3], keep_best=False)
    run(hook, 6)

    assert end(hook) == 6
    assert not hook.kept


@pytest.mark.parametrize(
    ("scores", "iteration"), [([0.1, 0.2, 0.2, 0.2], 7), ([0.1, 0.2, 0.3, 0.4], 8), ([0.9, 0.8], 5)]
)
def test_scores_that_do_not_improve_end_the_phase(scores, iteration):
    hook = validation([*scores, 0.0], patience=3)

    assert run(hook, 8) == iteration


def test_the_reason_names_the_best_score():
    hook = validation([0.25, 0.2], patience=2)
    run(hook, 4)

    expected = "NMI 0.250 on unseen has not improved since it 2"
    assert hook.reason(PhaseState(Clock(1, 4))) == expected


def test_a_metric_that_has_no_score_ends_the_phase_as_well():
    hook = validation([None, None], patience=3)

    assert run(hook, 8) == 3
    assert hook.reason(PhaseState(Clock(1, 3))) == "no score on unseen in 3 iterations"
    assert end(hook) == 3


def test_evaluations_are_written_with_their_data_set():
    hook = validation([0.1])
    run(hook, 2)

    (record,) = hook.writer.records
    assert isinstance(record, ValidationRecord)
    assert (record.dataset, record.phase, record.iteration) == ("unseen", "training", 2)
    assert record.evaluation["nmi"] == 0.1


def test_nothing_is_evaluated_before_samples_can_be_assigned():
    hook = validation([], reason="no clusters yet")
    run(hook, 4)

    assert hook.writer.records == []
    assert end(hook) == 4


def test_a_restored_validation_continues():
    hook, other = validation([0.1, 0.5, 0.3]), validation([])
    run(hook, 4)

    other.load_state_dict(hook.state_dict())
    run(other, 6, first=5)

    assert end(other) == 4
