"""The loop: compute, step, look, stop."""

from dataclasses import replace
from itertools import count, islice

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass, SideTargets
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import DivergedError, TrainingError
from dcrf.mappings.mapping import TrainableMapping
from dcrf.schedules.constant import Constant
from dcrf.training.exit_criteria import Epochs, Iterations
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
    routes = {f"{name}/mean": LossRoute(Constant(1.0), "default") for name in patterns}
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


def test_between_iterations_is_called_after_every_iteration_but_the_last():
    calls, plan = [], phase({}, iterations=3)

    run_phase(plan, batches(), no_data_pass, [], lambda state: calls.append(state.clock.iteration))

    assert calls == [1, 2]


def test_a_phase_whose_data_run_out_ends_with_its_hooks():
    recorder = Recorder()

    reason = run_phase(phase({}, [recorder], 9), islice(batches(), 2), no_data_pass, [])

    assert reason == "the data ran out"
    assert recorder.ended_at == 2


def test_the_first_exit_criterion_that_is_met_gives_the_reason():
    plan = replace(phase({}), exit_criteria=[Iterations(9), Iterations(2), Epochs(1)])

    assert run_phase(plan, batches(), no_data_pass, []) == "2 iterations"


class Graphs(Hook):
    """Remembers whether losses keep a graph."""

    def __init__(self):
        self.kept = []

    def after_iteration(self, state):
        self.kept += [loss.requires_grad for loss in state.losses.values()]


def test_hooks_see_losses_without_their_graph():
    hook, encoder = Graphs(), TrainableMapping([nn.Linear(3, 1)])

    run_phase(phase({"m": PatternUse(MeanOutput(encoder))}, [hook], 2), batches(), no_data_pass, [])

    assert hook.kept == [False, False]


class Stamped(Hook):
    """A hook with a state."""

    def __init__(self, stamp):
        self.stamp = stamp

    def state_dict(self):
        return {"stamp": self.stamp}

    def load_state_dict(self, state):
        self.stamp = state["stamp"]


class Counting(MeanOutput):
    """A pattern with a state."""

    def state_dict(self):
        return {"refreshed": list(self.refreshed)}

    def load_state_dict(self, state):
        self.refreshed = list(state["refreshed"])


def test_the_state_of_a_phase_is_that_of_patterns_optimizers_hooks_and_clock():
    def build(stamp):
        encoder = TrainableMapping([nn.Linear(3, 1)])
        use = PatternUse(Counting(encoder))
        optimizer = GroupedOptimizer(Adam(encoder.parameters(), lr=0.1), "default")
        return phase({"m": use}, [Stamped(stamp)], 3, [optimizer])

    first, second = build(1), build(2)
    run_phase(first, batches(), no_data_pass, [])
    first.state.warnings = {"one cluster": "it 1 to 3"}

    second.load_state_dict(first.state_dict())

    assert second.patterns["m"].pattern.refreshed == [1, 2, 3]
    (member,) = second.optimizers.optimizers
    assert [entry["step"].item() for entry in member.optimizer.state.values()] == [3, 3]
    assert second.hooks[0].stamp == 1
    assert second.state.clock == Clock(1, 3)
    assert second.state.warnings == {"one cluster": "it 1 to 3"}


def test_a_failure_of_a_pattern_names_it_and_the_iteration():
    class Failing(MeanOutput):
        def before_iteration(self, clock, data_pass):
            if clock.iteration == 2:
                raise ValueError("too large")

    patterns = {"m": PatternUse(Failing(TrainableMapping([nn.Identity()])))}

    with pytest.raises(TrainingError, match=r"^m in iteration 2: ValueError: too large"):
        run_phase(phase(patterns), batches(), no_data_pass, [])


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


@pytest.mark.parametrize("views", [{}, {"samples": "view"}, {"first": "view", "second": None}])
def test_every_pattern_finds_the_default_view(views):
    batch = Batch(torch.arange(2), torch.zeros(2, 3), {"view": torch.ones(2, 3)})

    assert PatternUse(DesignPattern(), views).batch_for(batch).clean is batch.samples


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


class Acting(DesignPattern):
    """Has no losses; notes the weight and the companions that it sees after each step."""

    def __init__(self, encoder, companions=None):
        super().__init__()
        self.encoder, self.indices, self.seen = encoder, companions, []

    def companions(self, indices):
        return self.indices

    def after_step(self, clock, batch):
        weight = self.encoder.net[0].weight
        self.seen.append((clock.iteration, weight.sum().item(), batch.companions))
        assert not (weight * 2).requires_grad


def test_patterns_act_after_all_steps_and_before_the_hooks():
    linear = nn.Linear(3, 1)
    encoder = TrainableMapping([linear])
    acting = Acting(encoder)

    class Looking(Hook):
        def after_iteration(self, state):
            assert acting.seen[-1][:2] == (state.clock.iteration, linear.weight.sum().item())

    patterns = {"acting": PatternUse(acting), "m": PatternUse(MeanOutput(encoder))}
    optimizer = GroupedOptimizer(SGD(encoder.parameters(), lr=0.1), "default")

    run_phase(phase(patterns, [Looking()], 2, [optimizer]), batches(), no_data_pass, [encoder])

    assert [iteration for iteration, _, _ in acting.seen] == [1, 2]


def test_a_phase_of_patterns_without_losses_runs():
    recorder, acting = Recorder(), Acting(TrainableMapping([nn.Linear(3, 1)]))

    run_phase(phase({"a": PatternUse(acting)}, [recorder], 2), batches(), no_data_pass, [])

    assert recorder.losses == [{}, {}]
    assert len(acting.seen) == 2


def test_a_failure_after_the_step_names_the_pattern():
    class Failing(DesignPattern):
        def after_step(self, clock, batch):
            raise ValueError("no")

    with pytest.raises(TrainingError, match=r"^f in iteration 1: ValueError: no"):
        run_phase(phase({"f": PatternUse(Failing())}), batches(), no_data_pass, [])


def test_companions_arrive_at_the_pattern_that_asks_for_them_in_the_view_it_names():
    encoder, requests = TrainableMapping([nn.Linear(3, 1)]), []
    indices = torch.tensor([[1], [0], [3], [2]])
    asking, other = Acting(encoder, indices), Acting(encoder)
    patterns = {
        "asking": PatternUse(asking, {"companions": "view", "samples": "shown"}),
        "other": PatternUse(other),
    }

    def read(purpose, clock, companions, view):
        requests.append((purpose, clock.iteration, view))
        return companions.float()

    def shown_batches():
        for clock, batch in batches():
            yield clock, replace(batch, views={"shown": batch.samples})

    whole = phase(patterns, iterations=2)
    run_phase(whole, shown_batches(), no_data_pass, [], read_companions=read)

    assert requests == [("p/companions/asking", i, "view") for i in (1, 2)]
    assert whole.view_names == {"shown"}
    assert torch.equal(asking.seen[0][2], indices.float())
    assert other.seen[0][2] is None


def test_a_source_without_companions_is_an_error():
    asking = PatternUse(Acting(TrainableMapping([nn.Linear(3, 1)]), torch.zeros(4, 1).long()))

    with pytest.raises(TrainingError, match=r"a in iteration 1: .*without companions"):
        run_phase(phase({"a": asking}), batches(), no_data_pass, [])


class Watching(DesignPattern):
    """Notes the side targets that it sees in its batches."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, batch):
        self.seen.append(batch.targets)
        return {}


def test_only_patterns_that_learn_from_side_targets_see_them():
    learning, other = Watching(), Watching()
    patterns = {
        "learning": PatternUse(learning, learns_from_targets=True),
        "other": PatternUse(other),
    }

    def read(indices):
        return SideTargets(2 * indices, 7)

    run_phase(phase(patterns, iterations=1), batches(), no_data_pass, [], read_targets=read)

    assert [(t.values.tolist(), t.n_classes) for t in learning.seen] == [([0, 2, 4, 6], 7)]
    assert other.seen == [None]


def test_a_source_without_side_targets_is_an_error():
    learning = PatternUse(Watching(), learns_from_targets=True)

    with pytest.raises(TrainingError, match=r"a in iteration 1: .*without side targets"):
        run_phase(phase({"a": learning}), batches(), no_data_pass, [])


def test_patterns_act_after_each_epoch_behind_all_steps_and_before_the_hooks():
    linear, events = nn.Linear(1, 1), []

    class AtEpochs(DesignPattern):
        def after_step(self, clock, batch):
            events.append(("step", clock.iteration))

        def after_epoch(self, clock, data_pass):
            assert not torch.is_grad_enabled()
            events.append(("epoch", clock.iteration))
            return [linear.weight]

    class Remembering(DesignPattern):
        def forget_clusters(self):
            events.append("forget")

    class Looking(Hook):
        def after_iteration(self, state):
            events.append(("hook", state.clock.iteration))

    optimizer = SGD(linear.parameters(), lr=0.1, momentum=0.9)
    linear.weight.grad = torch.ones_like(linear.weight)
    optimizer.step()
    whole = phase(
        {"e": PatternUse(AtEpochs()), "r": PatternUse(Remembering())},
        [Looking()],
        2,
        [GroupedOptimizer(optimizer, "default")],
    )
    clocks = [(Clock(1, i, epoch_ends=i == 2), Batch(torch.arange(1), torch.ones(1, 1)))
              for i in (1, 2)]  # fmt: skip

    run_phase(whole, clocks, no_data_pass, [])

    epoch = [("epoch", 2), "forget"]
    assert events == [("step", 1), ("hook", 1), ("step", 2), *epoch, ("hook", 2)]
    assert optimizer.state[linear.weight]["momentum_buffer"].item() == 0


def test_hooks_find_their_states_among_others():
    class Counting(Hook):
        def __init__(self, key):
            self.name, self.count = key, 0

        @property
        def key(self):
            return self.name

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    first, second, third = Counting("a"), Counting("b"), Counting("b")
    first.count, second.count, third.count = 1, 2, 3
    state = phase({}, [first, second, third]).state_dict()
    others = [Counting("b"), Counting("new"), Counting("b")]

    phase({}, others).load_state_dict(state)

    assert [hook.count for hook in others] == [2, 0, 3]
    older = {**state, "hooks": [*state["hooks"].values()]}  # of a version without keys
    phase({}, others).load_state_dict(older)
    assert [hook.count for hook in others] == [1, 2, 3]
