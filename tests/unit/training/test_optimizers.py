"""Which loss trains which parameters, and when."""

import pytest
import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import StepLR

from dcrf.batch import Clock
from dcrf.builder.schedules import build_schedule
from dcrf.errors import DivergedError
from dcrf.functional.clipping import clip_by_norm, clip_by_value
from dcrf.schedules.constant import Constant
from dcrf.training.optimizers import (
    CycleStage,
    GradientClipping,
    GroupedOptimizer,
    LossRoute,
    OptimizerGroups,
    WeightNormPenalty,
)


def parameter(value=1.0):
    return nn.Parameter(torch.tensor(value))


def sgd(*parameters, group="default", name=None, **schedulers):
    return GroupedOptimizer(SGD(parameters, lr=1.0), group, name, **schedulers)


def routes(**groups):
    return {name: LossRoute(Constant(1.0), group) for name, group in groups.items()}


def test_a_group_minimizes_the_weighted_sum_of_its_losses():
    w = parameter(0.0)
    groups = OptimizerGroups(
        [sgd(w)],
        {"a": LossRoute(Constant(0.5), "default"), "b": LossRoute(Constant(2.0), "default")},
    )

    groups.step({"a": 3 * w, "b": 5 * w}, Clock(1, 1))

    assert w.item() == pytest.approx(-(0.5 * 3 + 2 * 5))


def test_a_penalty_adds_the_gradient_of_squared_weights_to_that_of_the_losses():
    """Against weight decay of the weights only: its gradient is twice as large."""

    def trained(penalty, decay):
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.GRUCell(4, 2))
        weights = [p for name, p in module.named_parameters() if "bias" not in name]
        others = [p for name, p in module.named_parameters() if "bias" in name]
        groups = [{"params": weights, "weight_decay": decay}, {"params": others}]
        optimizer = GroupedOptimizer(SGD(groups, lr=0.1), "default")
        penalties = [WeightNormPenalty(module, Constant(penalty), "default")] if penalty else []
        steps = OptimizerGroups([optimizer], routes(loss="default"), penalties=penalties)
        samples = torch.randn(5, 3)
        for iteration in (1, 2, 3):
            steps.step({"loss": module(samples).square().sum()}, Clock(1, iteration))
        return module.state_dict()

    penalized, decayed, plain = trained(0.05, 0.0), trained(0.0, 0.1), trained(0.0, 0.0)

    for name, value in penalized.items():
        torch.testing.assert_close(value, decayed[name])
    assert not torch.allclose(penalized["0.weight"], plain["0.weight"])


def test_a_penalty_follows_its_schedule_and_acts_beside_losses_of_its_group_only():
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(3.0)
    falling = {"schedule": "linear", "from": 1.0, "to": 0.0, "unit": "iteration"}
    falling = build_schedule({**falling, "start_iteration": 0, "end_iteration": 2})
    groups = OptimizerGroups(
        [sgd(module.weight, group="a"), sgd(parameter(), group="b")],
        routes(loss="a", other="b"),
        penalties=[WeightNormPenalty(module, falling, "a")],
    )

    groups.step({"other": parameter() * 0}, Clock(1, 1))
    assert module.weight.item() == 3.0
    groups.step({"loss": 0 * module.weight.sum()}, Clock(1, 2))
    assert module.weight.item() == pytest.approx(3.0 - 0.5 * 2 * 3.0)


def test_a_penalty_of_a_module_without_weights_is_0():
    module = nn.Sequential(nn.ReLU(), nn.LazyLinear(2))

    assert WeightNormPenalty(module, Constant(1.0), "default")(Clock(1, 1)) == 0


def test_groups_change_only_their_own_parameters():
    generator, critic = parameter(), parameter()
    groups = OptimizerGroups(
        [sgd(generator, group="g"), sgd(critic, group="c")], routes(real="g", fake="c")
    )

    # both losses reach both parameters
    groups.step({"real": generator * critic, "fake": -2 * generator * critic}, Clock(1, 1))

    assert generator.item() == pytest.approx(1 - 1)
    assert critic.item() == pytest.approx(1 + 2)


def test_a_lazy_layer_is_trained_once_it_has_run():
    first, lazy = nn.Linear(3, 2), nn.LazyLinear(1)
    groups = OptimizerGroups([sgd(*first.parameters(), *lazy.parameters())], routes(loss="default"))

    groups.step({"loss": first(torch.ones(4, 3)).sum()}, Clock(1, 1))
    assert is_lazy(lazy.weight)
    loss = lazy(first(torch.ones(4, 3))).sum()
    before = lazy.weight.detach().clone()
    groups.step({"loss": loss}, Clock(1, 2))

    assert not torch.equal(lazy.weight, before)


@pytest.mark.parametrize("order", [("g", "c"), ("c", "g")])
def test_gradients_of_all_groups_are_taken_before_any_step(order):
    g, c = parameter(2.0), parameter(3.0)
    members = {"g": sgd(g, group="g"), "c": sgd(c, group="c")}
    groups = OptimizerGroups([members[name] for name in order], routes(x="g", y="c"))

    groups.step({"x": g * c**2, "y": c * g**2}, Clock(1, 1))

    assert (g.item(), c.item()) == (2 - 9, 3 - 4)


def test_a_parameter_shared_by_two_groups_gets_each_gradient_from_its_group():
    w = parameter(0.0)
    groups = OptimizerGroups([sgd(w, group="a"), sgd(w, group="b")], routes(x="a", y="b"))

    groups.step({"x": w * 1, "y": w * 10}, Clock(1, 1))

    assert w.item() == pytest.approx(-11)


def test_a_loss_without_an_optimizer_trains_nothing():
    w = parameter()

    OptimizerGroups([sgd(w, group="a")], routes(x="b")).step({"x": w * 5}, Clock(1, 1))

    assert w.item() == 1


def test_a_loss_without_a_graph_trains_nothing():
    w = parameter()

    OptimizerGroups([sgd(w)], routes(x="default")).step({"x": torch.tensor(1.0)}, Clock(1, 1))

    assert w.item() == 1


def test_adam_does_not_change_parameters_that_no_loss_reaches():
    reached, other = parameter(), parameter()
    optimizer = GroupedOptimizer(Adam([reached, other], lr=0.1), "default")
    groups = OptimizerGroups([optimizer], routes(x="default"))

    groups.step({"x": reached * other}, Clock(1, 1))  # gives `other` a momentum
    stood = other.item()
    groups.step({"x": reached * 2}, Clock(1, 2))

    assert other.item() == stood


def test_a_cycle_repeats_its_stages():
    a, b = parameter(0.0), parameter(0.0)
    groups = OptimizerGroups(
        [sgd(a, name="a"), sgd(b, name="b")],
        routes(x="default"),
        [CycleStage(frozenset({"a"}), 2), CycleStage(frozenset({"b", "a"}), 1)],
    )

    active = [[m.name for m in groups.active(Clock(1, i))] for i in range(1, 7)]

    assert active == [["a"], ["a"], ["a", "b"]] * 2
    groups.step({"x": a + b}, Clock(1, 1))
    assert (a.item(), b.item()) == (-1, 0)


def test_schedulers_step_per_epoch_or_per_iteration():
    slow, fast = SGD([parameter()], lr=1.0), SGD([parameter()], lr=1.0)
    groups = OptimizerGroups(
        [
            GroupedOptimizer(slow, "default", epoch_schedulers=[StepLR(slow, 1, gamma=0.5)]),
            GroupedOptimizer(fast, "default", iteration_schedulers=[StepLR(fast, 1, gamma=0.5)]),
        ]
    )

    for clock in (Clock(1, 1), Clock(1, 2, epoch_ends=True), Clock(2, 3)):
        groups.step({}, clock)

    assert slow.param_groups[0]["lr"] == 0.5
    assert fast.param_groups[0]["lr"] == 0.125


def test_schedulers_step_also_while_their_optimizer_is_inactive():
    optimizers = {name: SGD([parameter()], lr=1.0) for name in ("a", "b")}
    members = [
        GroupedOptimizer(o, "default", name, iteration_schedulers=[StepLR(o, 1, gamma=0.5)])
        for name, o in optimizers.items()
    ]
    cycle = [CycleStage(frozenset({"a"}), 9), CycleStage(frozenset({"b"}), 1)]
    groups = OptimizerGroups(members, {}, cycle)

    for iteration in (1, 2, 3):
        groups.step({}, Clock(1, iteration))

    assert [o.param_groups[0]["lr"] for o in optimizers.values()] == [0.125, 0.125]


def test_a_step_frees_the_graph():
    w, v = parameter(), parameter()
    groups = OptimizerGroups([sgd(w, group="a"), sgd(v, group="b")], routes(x="a", y="b"))
    shared = (w * v) ** 2

    groups.step({"x": shared * 2, "y": shared * 3}, Clock(1, 1))

    with pytest.raises(RuntimeError, match="second time"):
        shared.backward()


def test_a_frozen_parameter_is_not_trained():
    w, frozen = parameter(), parameter().requires_grad_(False)

    OptimizerGroups([sgd(w, frozen)], routes(x="default")).step({"x": w * frozen}, Clock(1, 1))

    assert (w.item(), frozen.item()) == (0, 1)


def test_gradients_are_cleared_after_the_step():
    w = parameter()

    OptimizerGroups([sgd(w)], routes(x="default")).step({"x": w * 2}, Clock(1, 1))

    assert w.item() == -1
    assert w.grad is None


def test_a_gradient_that_is_not_finite_changes_no_parameter_and_no_learning_rate():
    w, v = parameter(), parameter()
    optimizer = SGD([v], lr=1.0)
    scheduled = GroupedOptimizer(optimizer, "b", iteration_schedulers=[StepLR(optimizer, 1, 0.5)])
    groups = OptimizerGroups([sgd(w, group="a"), scheduled], routes(x="a", y="b"))

    with pytest.raises(DivergedError, match="the losses together is not finite in iteration 4"):
        groups.step({"x": w * 2, "y": v * torch.inf}, Clock(1, 4))

    assert (w.item(), v.item()) == (1, 1)
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_the_losses_whose_own_gradient_is_not_finite_are_named():
    w = parameter(0.0)
    groups = OptimizerGroups([sgd(w)], routes(fine="default", root="default", huge="default"))

    losses = {"fine": w * 2, "root": w.abs().sqrt(), "huge": w * torch.inf}

    assert groups.diverged_losses(losses, Clock(1, 1)) == ["root", "huge"]


def test_the_state_of_optimizers_and_schedulers_is_restored():
    def build():
        optimizer = Adam([parameter()], lr=1.0)
        schedulers = {
            "epoch_schedulers": [StepLR(optimizer, 1, gamma=0.5)],
            "iteration_schedulers": [StepLR(optimizer, 3, gamma=0.1)],
        }
        return OptimizerGroups(
            [GroupedOptimizer(optimizer, "default", **schedulers)], routes(x="default")
        )

    first, second = build(), build()
    (w,) = first.optimizers[0].parameters
    for iteration in (1, 2):
        first.step({"x": w * 2}, Clock(1, iteration, epoch_ends=iteration == 2))

    second.load_state_dict(first.state_dict())

    (member,) = second.optimizers
    assert member.optimizer.param_groups[0]["lr"] == 0.5
    assert [s.last_epoch for s in member.epoch_schedulers] == [1]
    assert [s.last_epoch for s in member.iteration_schedulers] == [2]
    assert [entry["step"].item() for entry in member.optimizer.state.values()] == [2]


@pytest.mark.parametrize("cls", [SGD, Adam, AdamW])
def test_fused_steps_are_right_whatever_the_layout_of_a_gradient(cls):
    """Torch's fused kernels on the CPU read a transposed gradient as if it were not."""
    start = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    plain, fused = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    slopes = torch.arange(6.0).reshape(2, 3)
    for w, is_fused in ((plain, False), (fused, True)):
        groups = OptimizerGroups(
            [GroupedOptimizer(cls([w], lr=0.1, fused=is_fused), "default")], routes(a="default")
        )
        for iteration in (1, 2, 3):
            groups.step({"a": (w.T * slopes).sum()}, Clock(1, iteration))

    torch.testing.assert_close(fused, plain)


def clipped(clip, limit, gradients, iteration=1):
    """The steps of two groups with one parameter per number, and the same clipping."""
    parameters = {group: [parameter(0.0) for _ in g] for group, g in gradients.items()}
    optimizers = [GroupedOptimizer(SGD(p, lr=1.0), group) for group, p in parameters.items()]
    clipping = GradientClipping(clip, limit)
    groups = OptimizerGroups(optimizers, routes(**{g: g for g in gradients}), clipping=clipping)
    losses = {
        group: sum(p * value for p, value in zip(parameters[group], values, strict=True))
        for group, values in gradients.items()
    }
    groups.step(losses, Clock(1, iteration))
    return {group: [-p.item() for p in own] for group, own in parameters.items()}


def test_gradients_are_clipped_by_the_norm_of_their_own_group():
    steps = clipped(clip_by_norm, Constant(1.0), {"a": [3.0, 4.0], "b": [0.3, 0.4]})

    assert steps["a"] == pytest.approx([0.6, 0.8], abs=1e-6)
    assert steps["b"] == pytest.approx([0.3, 0.4])


def test_the_limit_of_clipping_may_be_a_schedule():
    limit = build_schedule(
        {"schedule": "step", "values": {"0": 1.0, "5": 2.0}, "unit": "iteration"}
    )

    assert clipped(clip_by_value, limit, {"a": [-3.0, 0.5]}, 5)["a"] == [-1.0, 0.5]
    assert clipped(clip_by_value, limit, {"a": [-3.0, 0.5]}, 6)["a"] == [-2.0, 0.5]


@pytest.mark.parametrize("cls", [SGD, Adam, AdamW])
def test_replaced_parameters_lose_their_momentum_and_others_keep_it(cls):
    replaced, kept = parameter(), parameter()
    momentum = {"momentum": 0.9} if cls is SGD else {}
    optimizer = cls([replaced, kept], lr=0.1, **momentum)
    groups = OptimizerGroups([GroupedOptimizer(optimizer, "default")], routes(a="default"))
    for iteration in (1, 2):
        groups.step({"a": replaced**2 + kept**2}, Clock(1, iteration))

    groups.forget([replaced])

    moments = {"SGD": ["momentum_buffer"]}.get(cls.__name__, ["exp_avg", "exp_avg_sq"])
    assert all(optimizer.state[replaced][name] == 0 for name in moments)
    assert all(optimizer.state[kept][name] != 0 for name in moments)
    assert optimizer.state[replaced].get("step", 2) == 2


def test_parameters_without_momentum_can_be_forgotten():
    w = parameter()
    groups = OptimizerGroups([sgd(w)], routes(a="default"))

    groups.forget([w])
    groups.step({"a": w}, Clock(1, 1))

    assert w.item() == 0
