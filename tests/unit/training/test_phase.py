"""The loop: compute, step, look, stop."""

from itertools import count

import pytest
import torch
from torch import nn
from torch.optim import SGD

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import DivergedError, TrainingError
from dcrf.mappings.mapping import TrainableMapping
from dcrf.training.exit_criteria import Iterations
from dcrf.training.optimizers import GroupedOptimizer, LossRoute, OptimizerGroups
from dcrf.training.phase import Hook, PatternUse, Phase, run_phase


class MeanOutput(DesignPattern):
    """The mean of an encoder's output, times a factor."""

    loss_names = ("mean",)

    def __init__(self, encoder, factor=1.0):
        super().__init__()
        self.encoder, self.factor, self.refreshed = encoder, factor, []

    def before_iteration(self, clock, data_pass):
        self.refreshed.append(clock.iteration)

    def forward(self, batch):
        return {"mean": self.encoder(batch.samples).mean() * self.factor}


class Recorder(Hook):
    """Remembers what it was shown."""

    def __init__(self):
        self.iterations, self.losses, self.ended_at = [], [], None

    def after_iteration(self, state):
        self.iterations.append(state.clock.iteration)
        self.losses.append({name: loss.item() for name, loss in state.losses.items()})

    def after_phase(self, state):
        self.ended_at = state.clock.iteration


def batches(view=2.0):
    for i in count(1):
        ones = torch.ones(4, 3)
        yield Clock(1, i), Batch(torch.arange(4), ones, {"view": ones * view})


def refuse(function, indices):
    raise AssertionError("nothing here makes a data pass")


no_data_pass = DatasetPass(0, refuse)


def phase(patterns, hooks=(), iterations=3, optimizers=()):
    routes = {f"{name}/mean": LossRoute(1.0, "default") for name in patterns}
    groups = OptimizerGroups(optimizers, routes)
    return Phase("p", patterns, groups, [Iterations(iterations)], list(hooks))


def test_a_phase_trains_until_a_criterion_is_met():
    linear = nn.Linear(3, 1)
    encoder, recorder = TrainableMapping([linear]), Recorder()
    use = PatternUse(MeanOutput(encoder))
    optimizer = GroupedOptimizer(SGD(encoder.parameters(), lr=0.1), "default")

    plan = phase({"m": use}, [recorder], 3, [optimizer])

    reason = run_phase(plan, batches(), no_data_pass, [])

    assert (reason, plan.state.clock.iteration) == ("3 iterations", 3)
    assert recorder.iterations == use.pattern.refreshed == [1, 2, 3]
    assert recorder.ended_at == 3
    losses = [entry["m/mean"] for entry in recorder.losses]
    assert losses[0] > losses[1] > losses[2]


def test_a_phase_without_patterns_only_looks():
    recorder = Recorder()

    run_phase(phase({}, [recorder], 2), batches(), no_data_pass, [])

    assert recorder.losses == [{}, {}]


def test_patterns_see_the_views_they_name():
    encoder, recorder = TrainableMapping([nn.Identity()]), Recorder()
    patterns = {
        "default": PatternUse(MeanOutput(encoder), {"samples": None}),
        "other": PatternUse(MeanOutput(encoder), {"samples": "view"}),
    }

    run_phase(phase(patterns, [recorder], 1), batches(), no_data_pass, [encoder])

    assert recorder.losses == [{"default/mean": 1.0, "other/mean": 2.0}]


def test_roles_other_than_samples_arrive_as_views():
    use = PatternUse(MeanOutput(TrainableMapping([])), {"first": None, "second": "view"})
    _, batch = next(batches())

    shown = use.batch_for(batch)

    assert shown.samples is batch.samples
    assert shown.views["first"] is batch.samples
    assert shown.views["second"] is batch.views["view"]


def test_patterns_that_share_a_view_share_one_pass():
    calls = []
    encoder = TrainableMapping([nn.Identity()], after=[lambda values: calls.append(1) or values])
    patterns = {str(i): PatternUse(MeanOutput(encoder), {"samples": "view"}) for i in range(4)}

    run_phase(phase(patterns, iterations=2), batches(), no_data_pass, [encoder])

    assert len(calls) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_named(value):
    patterns = {
        "fine": PatternUse(MeanOutput(TrainableMapping([nn.Identity()]))),
        "broken": PatternUse(MeanOutput(TrainableMapping([nn.Identity()]), value)),
    }

    with pytest.raises(TrainingError, match=r"broken/mean is (nan|inf) in iteration 1"):
        run_phase(phase(patterns), batches(), no_data_pass, [])


class Cusp(DesignPattern):
    """The square root of |output|: finite at 0, where its gradient is not."""

    loss_names = ("mean",)

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, batch):
        return {"mean": self.encoder(batch.samples).abs().sqrt().mean()}


def test_a_gradient_that_is_not_finite_is_named_and_no_step_is_made():
    linear = nn.Linear(3, 1, bias=False)
    nn.init.zeros_(linear.weight)
    encoder = TrainableMapping([linear])
    patterns = {"fine": PatternUse(MeanOutput(encoder)), "broken": PatternUse(Cusp(encoder))}
    optimizer = GroupedOptimizer(SGD(encoder.parameters(), lr=0.1), "default")

    with pytest.raises(DivergedError, match="gradient of broken/mean is not finite in iteration 1"):
        run_phase(phase(patterns, optimizers=[optimizer]), batches(), no_data_pass, [encoder])

    assert linear.weight.tolist() == [[0.0, 0.0, 0.0]]


class CountedAssignment(Assignment):
    """Two clusters by the sign of the feature; counts how often it computes."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def assign(self, samples):
        self.calls += 1
        return torch.cat([samples, -samples], dim=1).log_softmax(1)


def test_patterns_that_share_a_view_share_its_assignments():
    assignment = CountedAssignment()
    patterns = {
        f"{view} {i}": PatternUse(MeanOutput(assignment), {"samples": view})
        for i in range(3)
        for view in ("view", None)
    }

    run_phase(phase(patterns, iterations=2), batches(), no_data_pass, [assignment])

    assert assignment.calls == 2 * 2
