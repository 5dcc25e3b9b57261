"""Actions between iterations."""

import numpy as np
import pytest
import torch

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass, Place
from dcrf.builder.metrics import build_metrics
from dcrf.evaluation.evaluator import Evaluator
from dcrf.reporting.records import EvaluationRecord, LossRecord, Note, Progress
from dcrf.training.hooks import AdvanceParts, Evaluate, Every, ReportLosses, ShowProgress
from dcrf.training.phase import PhaseState

PLACE = Place("digits", "finetuning")


class Kept:
    """A writer that keeps its records."""

    def __init__(self):
        self.records = []

    def write(self, record):
        self.records.append(record)


class Fixed(Assignment):
    """Puts every sample into cluster 0, once it is ready."""

    def __init__(self, reason=None):
        super().__init__()
        self.reason, self.calls = reason, []

    def assign(self, samples):
        return torch.tensor([[0.0, -torch.inf]]).expand(len(samples), 2)

    def why_not_ready(self):
        return self.reason

    def start_phase(self, place):
        self.calls.append(place)

    def after_iteration(self, clock, data_pass):
        self.calls.append((clock.iteration, data_pass))


def run(hook, iterations, losses=lambda i: {}):
    state = None
    for i in range(1, iterations + 1):
        kept = (state.evaluation, state.warnings) if state else (None, {})
        state = PhaseState(Clock(1, i), losses(i), *kept)
        hook.after_iteration(state)
    hook.after_phase(state)
    return state


@pytest.mark.parametrize(
    ("interval", "at_the_end", "iterations", "expected"),
    [(2, False, 5, 2), (2, True, 5, 3), (2, True, 4, 2), (None, True, 5, 1), (9, False, 5, 0)],
)
def test_every_acts_when_due_and_at_the_end_if_asked_to(interval, at_the_end, iterations, expected):
    calls = []

    run(Every(interval, lambda: calls.append(1), also_at_the_end=at_the_end), iterations)

    assert len(calls) == expected


def test_losses_are_reported_as_the_mean_since_the_last_report():
    writer = Kept()

    run(
        ReportLosses({"a": 2, "b": 3, "off": 0}, writer, PLACE),
        7,
        lambda i: {"a": torch.tensor(float(i)), "b": torch.tensor(10.0 * i), "off": torch.ones(())},
    )

    assert writer.records == [
        LossRecord(*PLACE, 2, {"a": 1.5}),
        LossRecord(*PLACE, 3, {"b": 20.0}),
        LossRecord(*PLACE, 4, {"a": 3.5}),
        LossRecord(*PLACE, 6, {"a": 5.5, "b": 50.0}),
        LossRecord(*PLACE, 7, {"a": 7.0, "b": 70.0}),
    ]


def test_means_of_losses_are_exact_beyond_the_precision_of_float32():
    writer = Kept()

    run(
        ReportLosses({"a": 5}, writer, PLACE),
        5,
        lambda i: {"a": torch.tensor(2.0**25 if i == 1 else 1.0)},
    )

    assert writer.records == [LossRecord(*PLACE, 5, {"a": (2**25 + 4) / 5})]


def test_the_first_evaluation_of_a_phase_has_no_reassignment_ratio():
    evaluator = Evaluator(Fixed(), lambda: np.array([0, 0, 1]), build_metrics())
    data_pass = DatasetPass(
        3, lambda function, indices: function(Batch(indices, torch.zeros(3, 1)))
    )
    evaluator.evaluate(data_pass)  # in the phase before

    state = run(Evaluate(1, evaluator, data_pass, Kept(), PLACE), 1)

    assert state.evaluation.reassignment_ratio is None


def test_evaluations_are_written_and_kept_for_exit_criteria():
    writer, assignment = Kept(), Fixed()
    evaluator = Evaluator(assignment, lambda: np.array([0, 0, 1]), build_metrics())
    data_pass = DatasetPass(
        3, lambda function, indices: function(Batch(indices, torch.zeros(3, 1)))
    )

    state = run(Evaluate(2, evaluator, data_pass, writer, PLACE), 5)

    evaluations = [record for record in writer.records if isinstance(record, EvaluationRecord)]
    assert [(r.iteration, r.evaluation["acc"]) for r in evaluations] == [(2, 2 / 3), (4, 2 / 3)]
    assert state.evaluation.reassignment_ratio == 0


def test_the_reason_for_no_evaluation_is_written_once():
    writer = Kept()
    evaluator = Evaluator(Fixed("no centroids yet"), lambda: None, build_metrics())

    state = run(Evaluate(1, evaluator, None, writer, PLACE), 3)

    assert writer.records == [Note("finetuning  is not evaluated: no centroids yet")]
    assert state.evaluation is None


class Collapsing(Fixed):
    """Puts all samples into one cluster while its iteration is in given ranges."""

    def __init__(self, *ranges):
        super().__init__()
        self.ranges = ranges

    def assign(self, samples):
        is_one = any(self.iterations in part for part in self.ranges)
        wanted = torch.zeros(len(samples)) if is_one else samples[:, 0]
        return torch.stack([-wanted, wanted], 1).log_softmax(1)


def evaluated(assignment, interval):
    """Return a hook that evaluates 40 samples, half of them in each cluster, and its writer."""
    samples = torch.tensor([[1.0], [-1.0]]).repeat(20, 1)
    data_pass = DatasetPass(
        40, lambda function, indices: function(Batch(indices, samples[indices]))
    )
    writer = Kept()
    return Evaluate(
        interval, Evaluator(assignment, lambda: None, build_metrics()), data_pass, writer, PLACE
    ), writer


def evaluate(hook, state, iterations):
    for i in iterations:
        hook.evaluator.assignment.iterations = i
        state.clock = Clock(1, i)
        hook.after_iteration(state)


def notes(writer):
    return [record.text for record in writer.records if isinstance(record, Note)]


ONE = "100.0 % of the samples are in one of 2 clusters"
BEGUN = f"finetuning  warning at it 50 to 150: {ONE}"
ENDED = "finetuning  warning of one cluster ends at it 300"


def test_a_collapse_is_warned_of_once_it_has_lasted_and_until_it_is_over():
    hook, writer = evaluated(Collapsing(range(50, 300)), 50)
    state, seen = PhaseState(), []
    for start in range(1, 351, 50):
        evaluate(hook, state, range(start, start + 50))
        seen.append(state.warnings.get("one cluster"))

    spans = [f"it 50 to {end}: {ONE}" for end in (150, 200, 250)]
    assert seen == [None, None, *spans, None, None]
    assert notes(writer) == [BEGUN, ENDED]


def test_signs_that_come_and_go_are_not_a_collapse():
    for interval in (1, 100):
        hook, writer = evaluated(Collapsing(range(1, 100), range(101, 200)), interval)
        evaluate(hook, PhaseState(), range(1, 250))

        assert notes(writer) == []


def test_a_restored_hook_knows_how_long_a_collapse_has_lasted():
    assignment, state = Collapsing(range(50, 300)), PhaseState()
    first, writer = evaluated(assignment, 50)
    evaluate(first, state, range(1, 121))
    other, other_writer = evaluated(assignment, 50)
    again = PhaseState()

    other.load_state_dict(first.state_dict())
    again.load_state_dict(state.state_dict())
    evaluate(other, again, range(121, 351))

    assert notes(writer) + notes(other_writer) == [BEGUN, ENDED]


def test_parts_get_every_iteration_after_the_start_of_the_phase():
    assignment, data_pass = Fixed(), DatasetPass(1, None)

    run(AdvanceParts([assignment], PLACE, data_pass), 3)

    assert assignment.calls == [PLACE, *((iteration, data_pass) for iteration in (1, 2, 3))]


def test_progress_offers_the_losses_of_its_iteration():
    writer = Kept()

    run(ShowProgress(writer), 2, lambda i: {"a": torch.tensor(float(i))})

    assert [(type(r), r.iteration, r.losses()) for r in writer.records] == [
        (Progress, 1, {"a": 1.0}),
        (Progress, 2, {"a": 2.0}),
    ]
