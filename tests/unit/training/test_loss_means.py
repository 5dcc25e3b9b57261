"""Means of losses over epochs: what they end, keep and record."""

import pytest
import torch
from torch import nn
from torch.optim import SGD

from dcrf.batch import Clock, Place
from dcrf.builder.schedules import build_schedule
from dcrf.reporting.writers import Writers
from dcrf.schedules.constant import Constant
from dcrf.training.loss_means import AverageLoss, KeepLowestLoss, LossStopsFalling
from dcrf.training.optimizers import GroupedOptimizer, LossRoute, OptimizerGroups
from dcrf.training.phase import PhaseState

PLACE = Place("digits", "training")


def clocks(iterations, per_epoch=2):
    for i in range(iterations):
        yield Clock(1 + i // per_epoch, i + 1, epoch_ends=(i + 1) % per_epoch == 0)


def end(criterion, losses, per_epoch=2):
    """The iteration at which a criterion ends a phase with these losses; None for never."""
    for clock, loss in zip(clocks(len(losses), per_epoch), losses, strict=True):
        state = PhaseState(clock, {"p/l": torch.tensor(float(loss))})
        criterion.after_iteration(state)
        if criterion.reason(state):
            return clock.iteration
    return None


@pytest.mark.parametrize(
    ("losses", "patience", "min_delta", "iteration"),
    [
        ([4, 4, 3, 3, 2, 2, 1, 1], 1, 0.0, None),
        ([4, 4, 3, 3, 3, 3, 3, 3], 1, 0.0, 6),
        ([4, 4, 3, 3, 3, 3, 3, 3], 3, 0.0, 8),  # decided at the ends of epochs
        ([4, 0, 0, 4, 1, 3, 3, 1], 2, 0.0, 4),  # every epoch has the mean 2
        ([4, 4, 3.5, 3.5, 3.1, 3.1, 2.9, 2.9], 4, 0.5, None),  # 4, then 3.1
        ([4, 4, 3.5, 3.5, 3.6, 3.6], 4, 0.5, 6),  # 3.5 is not more than 0.5 below 4
        ([4, 9, 9, 9], 1, 0.0, 4),
    ],
)
def test_a_loss_that_stops_falling_ends_the_phase(losses, patience, min_delta, iteration):
    options = {"name": "p/l", "patience_iterations": patience, "min_delta": min_delta}

    assert end(LossStopsFalling(**options), losses) == iteration


def test_the_reason_names_the_lowest_mean():
    criterion = LossStopsFalling(name="p/l", patience_iterations=2, min_delta=0.0)

    assert end(criterion, [4, 2, 3, 3]) == 4
    state = PhaseState(Clock(2, 4, epoch_ends=True))
    assert criterion.reason(state) == "p/l has stopped falling: lowest mean 3 at it 2"


def groups(weight=0.5):
    optimizer = GroupedOptimizer(SGD([nn.Parameter(torch.zeros(1))], lr=0.1), "default")
    routes = {
        "p/a": LossRoute(build_schedule(weight), "default"),
        "p/b": LossRoute(Constant(2.0), "default"),
        "p/c": LossRoute(Constant(1.0), "no optimizer has it"),
    }
    return OptimizerGroups([optimizer], routes)


def averaged(losses, weight=0.5):
    average, state = AverageLoss(groups(weight)), PhaseState()
    for clock, loss in zip(clocks(len(losses)), losses, strict=True):
        values = {"p/a": loss, "p/b": 1.0, "p/c": 100.0}
        state.clock, state.losses = clock, {k: torch.tensor(v) for k, v in values.items()}
        average.after_iteration(state)
    average.after_phase(state)
    return state.loss


def test_the_loss_of_a_phase_is_the_weighted_sum_in_its_last_complete_epoch():
    assert averaged([9.0, 9.0, 2.0, 4.0, 100.0]) == pytest.approx(0.5 * 3 + 2)


def test_without_a_complete_epoch_all_iterations_count():
    assert averaged([4.0]) == pytest.approx(0.5 * 4 + 2)


def test_the_loss_of_a_phase_has_scheduled_weights():
    steps = {"schedule": "step", "values": {"0": 1.0, "1": 3.0}, "unit": "iteration"}

    assert averaged([1.0, 1.0], steps) == pytest.approx((1 + 3) / 2 + 2)


def test_a_phase_without_losses_has_none():
    average, state = AverageLoss(OptimizerGroups()), PhaseState()
    average.after_iteration(state)
    average.after_phase(state)

    assert state.loss is None


def kept(losses, per_epoch=2):
    """The weight that is left if it is the iteration, and the loss of the phase."""
    method = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    average = AverageLoss(groups())
    keep, state = KeepLowestLoss(method, average, Writers([]), PLACE), PhaseState()
    for clock, loss in zip(clocks(len(losses), per_epoch), losses, strict=True):
        with torch.no_grad():
            method[0].weight.fill_(clock.iteration)
            method[1].running_mean.fill_(clock.iteration)
        state.clock = clock
        state.losses = {"p/a": torch.tensor(2 * loss), "p/b": torch.tensor(0.0)}
        for hook in (average, keep):
            hook.after_iteration(state)
    for hook in (average, keep):
        hook.after_phase(state)
    assert method[0].weight.item() == method[1].running_mean.item()
    return method[0].weight.item(), state.loss


@pytest.mark.parametrize(
    ("losses", "iteration", "loss"),
    [
        ([5.0, 5.0, 1.0, 2.0, 3.0, 0.0, 4.0, 4.0], 4, 1.5),  # the first of equal epochs
        ([5.0, 5.0, 4.0, 4.0], 4, 4.0),
        ([5.0, 5.0, 6.0, 6.0, 0.0], 2, 5.0),  # the epoch that the phase cuts does not count
        ([5.0], 1, 5.0),
    ],
)
def test_the_epoch_with_the_lowest_mean_is_kept(losses, iteration, loss):
    assert kept(losses) == (iteration, loss)
