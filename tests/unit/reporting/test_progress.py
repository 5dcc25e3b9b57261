"""The progress of a run, and the time that is left."""

import json
from dataclasses import asdict

import pytest

from dcrf.reporting.progress import NO_RUN, EarlierRun, RunProgress, Status, short_names
from dcrf.reporting.records import (
    EvaluationRecord,
    PhaseRecord,
    PhaseStart,
    PlannedPhase,
    Progress,
    RunPlan,
)

EVALUATION = {"acc": 0.5, "nmi": 0.25, "ari": 0.125, "n_samples": 20, "internal": {}}
TWO_PHASES = (PlannedPhase("digits", "pretraining", 100), PlannedPhase("digits", "tuning", 50))


class Training:
    """A run whose iterations take the seconds that a test says."""

    def __init__(self, *plan, earlier=NO_RUN):
        self.time = 0.0
        self.progress = RunProgress(lambda: self.time, earlier)
        self.progress.take(RunPlan(plan))

    def start(self, phase, dataset="digits", iterations=None):
        self.place = dataset, phase
        self.progress.take(PhaseStart(dataset, phase, iterations))

    def iterate(self, first, last, seconds, epoch_length=1000):
        for iteration in range(first, last + 1):
            self.time += seconds
            epoch = 1 + (iteration - 1) // epoch_length
            self.progress.take(Progress(iteration, dict, epoch))

    def end(self, iteration):
        self.progress.take(PhaseRecord(*self.place, iteration, 1, "enough"))

    @property
    def status(self):
        return self.progress.status()


def test_a_phase_that_starts_has_a_number_and_no_rate():
    training = Training(*TWO_PHASES)

    training.start("tuning")

    assert training.status == Status("tuning", 2, 2, iterations=50, scores=[])


def test_the_time_left_is_that_of_all_phases():
    training = Training(*TWO_PHASES)
    training.start("pretraining")

    training.iterate(1, 11, 0.5)

    assert training.status.rate == 2
    assert training.status.seconds_left == 89 * 0.5 + 50 * 0.5
    assert not training.status.may_end_earlier


def test_every_phase_has_its_own_rate():
    training = Training(*TWO_PHASES)
    training.start("pretraining")
    training.iterate(1, 100, 0.5)
    training.end(100)
    training.start("tuning")

    training.iterate(1, 21, 2.0)

    assert training.status.seconds_left == 29 * 2.0


def test_the_rate_follows_a_machine_that_gets_slower():
    training = Training(PlannedPhase("digits", "pretraining", 1000))
    training.start("pretraining")
    training.iterate(1, 101, 0.125)
    training.iterate(102, 126, 0.5)

    training.iterate(127, 226, 0.5)

    assert training.status.rate == 2.0
    assert training.status.seconds_left == 774 * 0.5


def test_a_resumed_phase_counts_from_its_first_iteration_in_this_process():
    training = Training(*TWO_PHASES)
    training.start("pretraining")
    training.time = 1000.0

    training.iterate(81, 91, 0.5)

    assert training.status.seconds_left == 9 * 0.5 + 50 * 0.5


def test_a_phase_on_another_data_set_is_expected_to_take_as_long_as_its_namesake():
    plan = [PlannedPhase(d, p.phase, p.iterations) for d in ("a", "b") for p in TWO_PHASES]
    training = Training(*plan)
    training.start("pretraining", "a")
    training.iterate(1, 100, 0.5)
    training.end(100)
    training.start("tuning", "a")
    training.iterate(1, 50, 2.0)
    training.end(50)
    training.start("pretraining", "b")

    training.iterate(1, 11, 1.0)

    assert training.status.number == 3
    assert training.status.dataset == "b"
    assert training.status.seconds_left == 89 * 1.0 + 50 * 2.0


def test_an_earlier_run_tells_the_ratio_of_the_phases():
    paces = {("digits", "pretraining"): 0.25, ("digits", "tuning"): 1.0}
    training = Training(*TWO_PHASES, earlier=EarlierRun(paces, {"digits": 3.0}))
    training.start("pretraining")

    training.iterate(1, 11, 0.5)

    assert training.status.seconds_left == 89 * 0.5 + 50 * 2.0 + 6.0


def test_the_length_of_an_epoch_is_known_after_the_first_one():
    training = Training(PlannedPhase("digits", "tuning", None, 4), *TWO_PHASES[:1])
    training.start("tuning")
    training.iterate(1, 10, 1.0, epoch_length=10)
    before = training.status

    training.iterate(11, 12, 1.0, epoch_length=10)

    assert (before.iterations, before.seconds_left) == (None, None)
    assert training.status.iterations == 40
    assert training.status.seconds_left == 28 + 100


def test_the_smaller_of_two_limits_ends_a_phase():
    training = Training(PlannedPhase("digits", "tuning", 25, 4))
    training.start("tuning")

    training.iterate(1, 12, 1.0, epoch_length=10)

    assert training.status.seconds_left == 13


def test_the_time_left_is_a_bound_if_a_later_phase_may_end_earlier():
    training = Training(*TWO_PHASES, PlannedPhase("digits", "last", 10, may_end_earlier=True))
    training.start("pretraining")

    training.iterate(1, 11, 0.5)

    assert training.status.may_end_earlier


def test_a_phase_without_a_limit_has_no_time_left():
    training = Training(TWO_PHASES[0], PlannedPhase("digits", "tuning", None, may_end_earlier=True))
    training.start("pretraining")

    training.iterate(1, 11, 0.5)

    assert training.status.seconds_left is None
    assert training.status.rate == 2


def test_without_a_plan_the_phase_alone_is_known():
    training = Training()
    training.start("tuning", iterations=21)

    training.iterate(1, 11, 0.5)

    assert (training.status.number, training.status.seconds_left) == (None, 5.0)


def test_scores_are_those_of_the_phase():
    training = Training(*TWO_PHASES)
    training.start("pretraining")
    training.progress.take(EvaluationRecord("digits", "pretraining", 1, EVALUATION))
    of_first = training.status.scores

    training.start("tuning")

    assert of_first == ["ACC 0.500", "NMI 0.250", "ARI 0.125"]
    assert training.status.scores == []


def test_a_status_can_be_sent_as_json():
    training = Training(*TWO_PHASES)
    training.start("pretraining")
    training.iterate(1, 3, 0.5)
    status = training.progress.status({"target_distribution/divergence": 0.25})

    assert Status(**json.loads(json.dumps(asdict(status)))) == status
    assert status.losses == {"target": 0.25}


@pytest.mark.parametrize(
    ("names", "short"),
    [
        ([], []),
        (["target_distribution/divergence", "reconstruction/error"], ["target", "reconstruction"]),
        (["cluster_contrast/a", "cluster_balance/a"], ["cluster_contrast", "cluster_balance"]),
        (["a_long_pattern/first", "a_long_pattern/second"], ["first", "second"]),
        (["a/x", "a/y", "b/x"], ["a/x", "a/y", "b/x"]),
    ],
)
def test_losses_have_short_names_that_differ(names, short):
    assert short_names(names) == dict(zip(names, short, strict=True))
