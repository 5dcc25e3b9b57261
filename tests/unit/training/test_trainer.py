"""Data set by data set, phase by phase."""

import numpy as np
import pytest
import torch
from torch import nn

from dcrf.assignment.base import Assignment
from dcrf.builder.metrics import build_metrics
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError, TrainingError
from dcrf.evaluation.evaluator import Evaluator
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams
from dcrf.reporting.records import (
    DatasetRecord,
    EvaluationRecord,
    Note,
    PhaseRecord,
    PhaseStart,
    PlannedPhase,
    RunPlan,
)
from dcrf.training.exit_criteria import Iterations
from dcrf.training.method import Method
from dcrf.training.optimizers import OptimizerGroups
from dcrf.training.phase import Hook, Phase
from dcrf.training.plans import DatasetPlan, PhasePlan
from dcrf.training.trainer import Trainer

LABELS = np.array([0, 0, 1, 1])


class Kept:
    """A writer that keeps its records."""

    def __init__(self):
        self.records = []

    def write(self, record):
        self.records.append(record)

    def close(self):
        pass


class BySign(Assignment):
    """Samples below 0 are in cluster 0, the others in cluster 1, once a phase has ended."""

    def __init__(self):
        super().__init__()
        self.phases = []

    def assign(self, samples):
        is_second = (samples >= 0).double()
        return torch.cat([1 - is_second, is_second], dim=1).log()

    def why_not_ready(self):
        return None if "training" in self.phases else "no phase has ended yet"

    def after_phase(self, place, data_pass):
        self.phases.append(place.phase)


def make_method():
    return Method({"encoder": TrainableMapping([nn.Linear(1, 1)])}, BySign(), {}, {})


def open_source():
    samples = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    return DataSource("blobs", RawData(samples, LABELS), [], {}, Loading(2), RandomStreams(0))


class Drawing(Hook):
    """Draws from the global generator, as dropout does."""

    def __init__(self):
        self.drawn = []

    def after_iteration(self, state):
        self.drawn.append(torch.rand(()).item())


def phase_plan(
    name="training",
    prepare=lambda method, data_pass: None,
    look=lambda method: None,
    hooks=(),
    loads_files=False,
):
    """A phase of three iterations; it shows its method to `look` while it is made."""

    def make(method, data_pass, evaluator):
        look(method)
        return Phase(name, {}, OptimizerGroups(), [Iterations(3)], hooks)

    return PhasePlan(name, prepare, make, 3, loads_files)


def plan(name="blobs", phases=None, **others):
    made = {
        "n_clusters": 2,
        "open": open_source,
        "make_method": make_method,
        "make_evaluator": lambda method, source: Evaluator(
            method.assignment, source.labels, build_metrics()
        ),
        "make_reclustering_evaluators": lambda method, source: {},
        "save_clusters": lambda name, clusters, ids: None,
        "keeps_method": False,
        "finish_phase": lambda name, method, source: None,
        "finish": lambda method, clusters, source: None,
        **others,
    }
    return DatasetPlan(name=name, phases=[phase_plan()] if phases is None else phases, **made)


def run(*plans):
    trainer = Trainer(plans, RandomStreams(0), Kept())
    trainer.run()
    return trainer


def failing(error):
    def fail(*arguments):
        raise error

    return fail


def test_records_hold_the_end_of_phases_and_the_final_evaluation():
    trainer = run(plan())

    (phase,), (dataset,) = trainer.history.phases, trainer.history.datasets
    assert phase == PhaseRecord("blobs", "training", 3, 2, "3 iterations")
    assert (dataset.dataset, dataset.absent) == ("blobs", None)
    assert dataset.evaluation["acc"] == 1.0
    assert dataset.evaluation["n_samples"] == 4
    assert dataset.evaluation["reassignment_ratio"] is None


def test_everything_is_written_in_its_order():
    trainer = run(plan())

    final = EvaluationRecord("blobs", None, None, trainer.history.datasets[0].evaluation)
    assert trainer.writer.records == [
        RunPlan((PlannedPhase("blobs", "training", 3),)),
        PhaseStart("blobs", "training", 3),
        trainer.history.phases[0],
        final,
    ]


def test_notes_of_the_data_are_written_when_the_data_set_is_opened():
    def open_with_notes():
        source = open_source()
        source.notes = ("rows are sorted by class", "the last 4 rows are in no batch")
        return source

    trainer = run(plan("a", open=open_with_notes))

    assert trainer.writer.records[1:3] == [
        Note("a  rows are sorted by class"),
        Note("a  the last 4 rows are in no batch"),
    ]


def test_a_final_evaluation_that_is_not_possible_is_absent_with_its_reason():
    trainer = run(plan(phases=[phase_plan("other")]))

    reason = "no phase has ended yet"
    assert trainer.history.datasets == [DatasetRecord("blobs", None, reason)]
    assert trainer.writer.records[-1] == Note(f"blobs  has no final evaluation: {reason}")


def test_a_data_set_without_phases_is_only_evaluated():
    trainer = run(plan("a"), plan("b", phases=[], keeps_method=True))

    assert [record.dataset for record in trainer.history.datasets] == ["a", "b"]
    assert trainer.history.datasets[1].evaluation["acc"] == 1.0
    assert len(trainer.history.phases) == 1


def test_a_new_method_is_built_unless_it_is_kept():
    finished, clusters = [], []
    plans = [
        plan(
            name,
            keeps_method=keeps,
            finish=lambda m, c, s: (finished.append(m), clusters.append(c)),
        )
        for name, keeps in (("a", True), ("b", True), ("c", False))
    ]

    run(*plans)

    first, second, third = finished
    assert [len(labels) for labels in clusters] == [4, 4, 4]
    assert first is second
    assert third is not first


def test_a_phase_is_prepared_before_it_is_made_and_trains_in_training_mode():
    seen = []

    def prepare(method, data_pass):
        method.eval()
        seen.append("prepared")

    run(plan(phases=[phase_plan(prepare=prepare, look=lambda m: seen.append(m.training))]))

    assert seen == ["prepared", True]


def test_the_history_holds_the_data_sets_before_a_failure():
    trainer = Trainer(
        [plan("a"), plan("b", open=failing(OSError("gone")))], RandomStreams(0), Kept()
    )

    with pytest.raises(TrainingError):
        trainer.run()

    assert [record.dataset for record in trainer.history.datasets] == ["a"]


def test_parameters_that_are_not_finite_after_a_phase_are_an_error():
    def prepare(method, data_pass):
        method.mappings["encoder"].requires_grad_(False)
        next(method.parameters()).fill_(torch.nan)

    with pytest.raises(TrainingError, match=r"blobs, training: .*parameters are not finite"):
        run(plan(phases=[phase_plan(prepare=prepare)]))


def test_durations_are_known_for_every_part():
    trainer = run(plan(phases=[phase_plan("other"), phase_plan()]))

    assert list(trainer.history.durations.seconds) == [
        "blobs/opening",
        "blobs/other",
        "blobs/training",
        "blobs/final evaluation",
    ]
    assert all(seconds >= 0 for seconds in trainer.history.durations.seconds.values())


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"open": failing(DataError("is missing"))}, "opening"),
        ({"make_method": failing(DataError("is missing"))}, "opening"),
        ({"phases": [phase_plan(prepare=failing(DataError("is missing")))]}, "training"),
        ({"phases": [phase_plan(look=failing(DataError("is missing")))]}, "training"),
        ({"finish": failing(DataError("is missing"))}, "final evaluation"),
    ],
)
def test_a_failure_names_data_set_and_part(changes, part):
    trainer = Trainer([plan(**changes)], RandomStreams(0), Kept())

    with pytest.raises(TrainingError) as caught:
        trainer.run()

    assert str(caught.value) == f"data set blobs, {part}: is missing"
    assert isinstance(caught.value.__cause__, DataError)
    assert f"blobs/{part}" in trainer.history.durations.seconds


def test_a_failure_of_a_library_is_named_by_its_kind():
    trainer = Trainer([plan(open=failing(RuntimeError("out of memory")))], RandomStreams(0), Kept())

    with pytest.raises(TrainingError, match="opening: RuntimeError: out of memory"):
        trainer.run()
    assert trainer.history.durations.seconds.keys() == {"blobs/opening"}


def test_an_interruption_passes_through():
    trainer = Trainer([plan(open=failing(KeyboardInterrupt()))], RandomStreams(0), Kept())

    with pytest.raises(KeyboardInterrupt):
        trainer.run()


def test_records_before_a_failure_have_been_written():
    trainer = Trainer(
        [plan("a"), plan("b", open=failing(OSError("gone")))], RandomStreams(0), Kept()
    )

    with pytest.raises(TrainingError, match="data set b, opening: OSError: gone"):
        trainer.run()

    assert trainer.writer.records[-1].dataset == "a"
    assert isinstance(trainer.writer.records[-1], EvaluationRecord)


def test_global_draws_in_a_phase_depend_on_the_seed_and_change_no_global_state():
    def drawn(seed, name="training"):
        hook, method = Drawing(), make_method()
        state = torch.get_rng_state()
        plans = [plan(phases=[phase_plan(name, hooks=[hook])], make_method=lambda: method)]
        Trainer(plans, RandomStreams(seed), Kept()).run()
        assert torch.equal(torch.get_rng_state(), state)
        return tuple(hook.drawn)

    draws = [drawn(0), drawn(1), drawn(0, "other")]

    assert drawn(0) == draws[0]
    assert len(set(draws)) == 3


def test_the_last_evaluation_says_how_many_clusters_were_found():
    trainer = run(plan(n_clusters=3))

    assert trainer.writer.records[-1] == Note("blobs  final  2 clusters found")
