"""A fresh start leaves everything as it is; a resumed one restores a checkpoint's state."""

import pytest
import torch

from dcrf.errors import DataError, TrainingError
from dcrf.randomness import RandomStreams
from dcrf.reporting.records import Note
from dcrf.storage.checkpoint_files import folders
from dcrf.training.checkpoints import Checkpoints
from dcrf.training.exit_criteria import Iterations
from dcrf.training.history import RunHistory
from dcrf.training.hooks import Evaluate
from dcrf.training.interruption import StopRequest
from dcrf.training.optimizers import OptimizerGroups
from dcrf.training.phase import Hook, Phase
from dcrf.training.plans import PhasePlan
from dcrf.training.start import FRESH, ResumedStart
from dcrf.training.trainer import Trainer
from tests.unit.training.test_trainer import Drawing, Kept, make_method, phase_plan, plan

POSITION = {"dataset": 0, "phase": 1}


class Killed(BaseException):
    """Stands for a kill: no part of the package catches it."""


class Dying(Drawing):
    """Draws from the global generator, and dies at the end of an iteration."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def after_iteration(self, state):
        super().after_iteration(state)
        if state.clock.iteration == self.at:
            raise Killed


def resumable(folder, plans, streams=None):
    """Return a trainer that writes a checkpoint after every iteration, and its start."""
    writer = Kept()
    checkpoints = Checkpoints(folder, writer, StopRequest(), {}, {}, 1)
    start = checkpoints.start_from(checkpoints.read_newest("cpu"))
    return Trainer(plans, streams or RandomStreams(0), writer, checkpoints), start


def plans(prepared, hook, **others):
    """Two data sets of two phases; the second phase of the second one has the hook."""

    def prepare(name):
        return lambda method, data_pass: prepared.append(name)

    first = [phase_plan("other", prepare("a other")), phase_plan(prepare=prepare("a training"))]
    last = [
        phase_plan("other", prepare("b other")),
        phase_plan(prepare=prepare("b training"), hooks=[hook], **others),
    ]
    return [plan("a", first), plan("b", last)]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_killed_run_resumes_at_its_iteration_and_draws_the_same(tmp_path, at):
    whole, prepared = Drawing(), []
    Trainer(plans([], whole), RandomStreams(0), Kept()).run()
    dying, rest = Dying(at), Drawing()
    trainer, start = resumable(tmp_path, plans([], dying))
    with pytest.raises(Killed):
        trainer.run(start)

    trainer, start = resumable(tmp_path, plans(prepared, rest))
    trainer.run(start)

    assert (start.dataset, start.phase) == (1, 1)
    assert prepared == (["b training"] if at == 1 else [])
    assert dying.drawn[: at - 1] + rest.drawn == whole.drawn
    assert [record.phase for record in trainer.history.phases] == ["other", "training"] * 2
    assert [record.dataset for record in trainer.history.datasets] == ["a", "b"]
    notes = [record.text for record in trainer.writer.records if isinstance(record, Note)]
    assert notes == ([] if at == 1 else [f"training on b  resumes after it {at - 1}"])


def test_a_phase_that_has_loaded_files_does_not_load_them_again(tmp_path):
    """They may have changed: the phase may have saved to the very files."""
    prepared = []
    trainer, start = resumable(tmp_path, plans(prepared, Dying(1), loads_files=True))
    with pytest.raises(Killed):
        trainer.run(start)
    assert prepared.count("b training") == 1

    trainer, start = resumable(tmp_path, plans(prepared, Drawing(), loads_files=True))
    trainer.run(start)

    assert prepared.count("b training") == 1


def test_the_end_of_the_last_phase_is_a_position(tmp_path):
    saved = []

    def fail_once(method, clusters, facts):
        saved.append(clusters)
        if len(saved) == 1:
            raise Killed

    trainer, start = resumable(tmp_path, [plan(finish=fail_once)])
    with pytest.raises(Killed):
        trainer.run(start)

    trainer, start = resumable(tmp_path, [plan(finish=fail_once)])
    trainer.run(start)

    assert (start.dataset, start.phase) == (0, 1)
    assert [record.phase for record in trainer.history.phases] == ["training"]
    assert len(saved) == 2


def test_a_method_that_is_kept_is_built_by_the_plan_that_began_with_it(tmp_path):
    built = []

    def maker(name):
        return lambda: built.append(name) or make_method()

    def chain(hook):
        return [
            plan("a", make_method=maker("a")),
            plan("b", make_method=maker("b"), keeps_method=True, phases=[phase_plan(hooks=[hook])]),
        ]

    trainer, start = resumable(tmp_path, chain(Dying(2)))
    with pytest.raises(Killed):
        trainer.run(start)
    trainer, start = resumable(tmp_path, chain(Drawing()))
    trainer.run(start)

    assert built == ["a", "a"]


class Sampling(Hook):
    """Draws from a checkpointed generator, as patterns do."""

    def __init__(self, generator, at=None):
        self.generator, self.at, self.drawn = generator, at, []

    def after_iteration(self, state):
        self.drawn.append(torch.rand((), generator=self.generator).item())
        if state.clock.iteration == self.at:
            raise Killed


@pytest.mark.parametrize("of", ["method", "phase"])
def test_checkpointed_generators_resume_where_they_were(tmp_path, of):
    def sampling_plans(streams, at=None):
        """Two phases that draw; the generator is created with the method or with each phase."""
        generators, hooks = [], []

        def make_sampling_method():
            generators.append(streams.checkpointed_generator("method"))
            return make_method()

        def make(name, dies):
            def build(method, data_pass, evaluator):
                own = streams.checkpointed_generator("phase", name)
                hooks.append(Sampling(generators[-1] if of == "method" else own, dies))
                return Phase(name, {}, OptimizerGroups(), [Iterations(3)], [hooks[-1]])

            return PhasePlan(name, lambda method, data_pass: None, build, 3)

        phases = [make("other", None), make("training", at)]
        return [plan(phases=phases, make_method=make_sampling_method)], hooks

    streams = RandomStreams(0)
    whole, whole_hooks = sampling_plans(streams)
    Trainer(whole, streams, Kept()).run()
    expected = whole_hooks[-1].drawn

    for at in (1, 2):
        streams = RandomStreams(0)
        cut, cut_hooks = sampling_plans(streams, at)
        trainer, start = resumable(tmp_path / str(at), cut, streams)
        with pytest.raises(Killed):
            trainer.run(start)
        streams = RandomStreams(0)
        rest, rest_hooks = sampling_plans(streams)
        trainer, start = resumable(tmp_path / str(at), rest, streams)
        trainer.run(start)

        assert cut_hooks[-1].drawn[: at - 1] + rest_hooks[-1].drawn == expected


def test_the_clusters_before_a_checkpoint_count_for_the_reassignment_ratio(tmp_path):
    def evaluating_plans(at):
        def make(method, data_pass, evaluator):
            method.assignment.phases.append("training")  # lets it assign
            hooks = [Evaluate(1, evaluator, data_pass, Kept(), ("blobs", "training")), Dying(at)]
            ratios.append(hooks[0])
            return Phase("training", {}, OptimizerGroups(), [Iterations(3)], hooks)

        ratios = []
        return [plan(phases=[PhasePlan("training", lambda m, d: None, make, 3)])], ratios

    cut, _ = evaluating_plans(2)
    trainer, start = resumable(tmp_path, cut)
    with pytest.raises(Killed):
        trainer.run(start)
    rest, hooks = evaluating_plans(None)
    trainer, start = resumable(tmp_path, rest)
    trainer.run(start)

    records = hooks[0].writer.records
    assert [record.iteration for record in records] == [2, 3]
    assert [record.evaluation["reassignment_ratio"] for record in records] == [0, 0]
    final = trainer.history.datasets[0].evaluation
    assert final["reassignment_ratio"] is None


def test_parameters_that_are_not_finite_reach_no_checkpoint(tmp_path):
    def prepare(method, data_pass):
        method.mappings["encoder"].requires_grad_(False)
        next(method.parameters()).fill_(torch.nan)

    trainer, start = resumable(tmp_path, [plan(phases=[phase_plan(prepare=prepare)])])

    with pytest.raises(TrainingError, match="parameters are not finite"):
        trainer.run(start)
    assert folders(tmp_path) == []


def test_changed_data_are_refused(tmp_path):
    trainer, start = resumable(tmp_path, [plan(phases=[phase_plan(hooks=[Dying(2)])])])
    with pytest.raises(Killed):
        trainer.run(start)

    trainer, start = resumable(tmp_path, [plan(open=other_source)])

    with pytest.raises(TrainingError, match="blobs, opening: the data have changed since"):
        trainer.run(start)


def other_source():
    source = plan().open()
    source.changes_since = lambda fingerprint: ["the samples differ"]
    return source


@pytest.mark.parametrize(
    "state",
    [
        {"position": POSITION},
        {"position": POSITION, "history": {}},
        {"position": {**POSITION, "dataset": 1}, "history": RunHistory().state_dict()},
        {"position": {**POSITION, "dataset": -1}, "history": RunHistory().state_dict()},
        {"position": {**POSITION, "phase": 2}, "history": RunHistory().state_dict()},
        {"position": {**POSITION, "phase": "1"}, "history": RunHistory().state_dict()},
    ],
)
def test_a_checkpoint_of_other_plans_is_refused(state):
    with pytest.raises(DataError, match="not a checkpoint of this method"):
        ResumedStart(state, Kept()).restore_history(RunHistory(), [plan()])


def test_a_fresh_start_restores_nothing():
    history, numbers = RunHistory(), torch.get_rng_state()

    FRESH.restore_history(history, [plan()])

    assert (FRESH.dataset, FRESH.phase) == (0, 0)
    assert history == RunHistory(durations=history.durations)
    assert torch.equal(torch.get_rng_state(), numbers)
