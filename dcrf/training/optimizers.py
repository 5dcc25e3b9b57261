"""Optimizer groups: each minimizes its own losses in its own parameters, in cycles if wanted."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from dcrf.batch import Clock
from dcrf.parallel.world import averaged
from dcrf.schedules.base import Schedule
from dcrf.training.finite_checks import are_finite, gradient_error

Gradients = Mapping[Parameter, Tensor]


@dataclass(frozen=True, slots=True)
class LossRoute:
    """The weight of a loss, and the optimizer group that minimizes it."""

    weight: Schedule
    group: str


@dataclass(frozen=True, slots=True)
class CycleStage:
    """The names of the optimizers that step during a number of iterations."""

    active: frozenset[str]
    num_iterations: int


@dataclass(frozen=True, slots=True)
class GroupedOptimizer:
    """An optimizer of one group, with its learning rate schedulers.

    epoch_schedulers: stepped after every epoch.
    iteration_schedulers: stepped after every iteration.
    """

    optimizer: Optimizer
    group: str
    name: str | None = None
    epoch_schedulers: Sequence[LRScheduler] = ()
    iteration_schedulers: Sequence[LRScheduler] = ()

    @property
    def parameters(self) -> list[Parameter]:
        """All parameters that it updates."""
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer and of its schedulers."""
        schedulers = (*self.epoch_schedulers, *self.iteration_schedulers)
        return {
            "optimizer": self.optimizer.state_dict(),
            "schedulers": [scheduler.state_dict() for scheduler in schedulers],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.optimizer.load_state_dict(state["optimizer"])
        schedulers = (*self.epoch_schedulers, *self.iteration_schedulers)
        for scheduler, scheduler_state in zip(schedulers, state["schedulers"], strict=True):
            scheduler.load_state_dict(scheduler_state)


@dataclass(frozen=True, slots=True)
class GradientClipping:
    """Clips the gradients of each optimizer group by itself.

    clip: from gradients and the limit to clipped gradients, in the same order.
    limit: schedule of the limit, > 0.
    """

    clip: Callable[[Sequence[Tensor], float], Sequence[Tensor]]
    limit: Schedule

    def __call__(self, gradients: Gradients, clock: Clock) -> Gradients:
        """Return the clipped gradients of a group."""
        clipped = self.clip(list(gradients.values()), self.limit(clock))
        return dict(zip(gradients, clipped, strict=True))


@dataclass(frozen=True, slots=True)
class WeightNormPenalty:
    """The sum of the squared weights of a module, added to the losses of an optimizer group.

    Weights are the parameters with `weight` in their own name, such as the scales of BatchNorm;
    biases are none.

    module: whose weights count.
    factor: schedule of the factor of the sum, >= 0.
    group: the optimizer group.
    """

    module: nn.Module
    factor: Schedule
    group: str

    def __call__(self, clock: Clock) -> Tensor:
        """Return the penalty, a scalar."""
        weights = [
            parameter
            for name, parameter in self.module.named_parameters()
            if "weight" in name.rpartition(".")[2] and not is_lazy(parameter)
        ]
        squares = [weight.square().sum() for weight in weights]
        return self.factor(clock) * torch.stack(squares).sum() if squares else torch.zeros(())


@dataclass(frozen=True)
class OptimizerGroups:
    """All optimizers of a phase.

    routes: loss name -> weight and group. A loss of a group without optimizers is not minimized.
    cycle: stages, repeated in order. Without any, every optimizer steps in every iteration.
    clipping: of the gradients, if any.
    penalties: added to the losses of groups that have any in an iteration.
    """

    optimizers: Sequence[GroupedOptimizer] = ()
    routes: Mapping[str, LossRoute] = field(default_factory=dict)
    cycle: Sequence[CycleStage] = ()
    clipping: GradientClipping | None = None
    penalties: Sequence[WeightNormPenalty] = ()

    def step(self, losses: Mapping[str, Tensor], clock: Clock) -> None:
        """Minimize the losses of this iteration.

        All groups' gradients are computed before any optimizer steps, each with respect to its
        group's parameters only. A parameter that no loss reaches gets no gradient.

        Raises:
            DivergedError: a gradient is not finite. No parameter has changed then.
        """
        active = self.active(clock)
        gradients = self._gradients(losses, active, clock)
        if not are_finite(g for group in gradients.values() for g in group.values()):
            raise gradient_error(clock.iteration)
        if self.clipping is not None:
            gradients = {group: self.clipping(g, clock) for group, g in gradients.items()}
        for member in active:
            _step(member, gradients.get(member.group, {}))
        for member in self.optimizers:
            _advance(member.iteration_schedulers)
            if clock.epoch_ends:
                _advance(member.epoch_schedulers)

    def forget(self, tensors: Iterable[Tensor]) -> None:
        """Set momentum, and both moments of Adam, of those tensors that are trained to 0.

        The number of steps stays.
        """
        for tensor in tensors:
            for member in self.optimizers:
                for key, value in member.optimizer.state.get(tensor, {}).items():
                    if key != "step" and isinstance(value, Tensor):
                        value.zero_()

    def minimized(self, losses: Mapping[str, Tensor], clock: Clock) -> Tensor | None:
        """Return the weighted sum of all losses that an optimizer minimizes; None without any.

        Groups whose turn in the cycle is another iteration count, too.
        """
        groups = {member.group for member in self.optimizers}
        weighted = [
            route.weight(clock) * losses[name]
            for name, route in self.routes.items()
            if route.group in groups and name in losses
        ]
        return torch.stack(weighted).sum() if weighted else None

    def diverged_losses(self, losses: Mapping[str, Tensor], clock: Clock) -> list[str]:
        """Return the names of the losses whose own gradient is not finite."""
        active = self.active(clock)
        return [
            name
            for name, loss in losses.items()
            for gradients in self._gradients({name: loss}, active, clock, keeps_graph=True).values()
            if not are_finite(gradients.values())
        ]

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all optimizers, in order."""
        return {"members": [member.state_dict() for member in self.optimizers]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        for member, member_state in zip(self.optimizers, state["members"], strict=True):
            member.load_state_dict(member_state)

    def active(self, clock: Clock) -> list[GroupedOptimizer]:
        """Return the optimizers that step in this iteration."""
        if not self.cycle:
            return list(self.optimizers)
        position = (clock.iteration - 1) % sum(stage.num_iterations for stage in self.cycle)
        for stage in self.cycle:
            if position < stage.num_iterations:
                break
            position -= stage.num_iterations
        return [member for member in self.optimizers if member.name in stage.active]

    def _gradients(
        self,
        losses: Mapping[str, Tensor],
        active: Sequence[GroupedOptimizer],
        clock: Clock,
        keeps_graph: bool = False,
    ) -> dict[str, Gradients]:
        """Return group -> the gradients of the parameters that its losses reach."""
        totals = self._totals(losses, {member.group for member in active}, clock)
        gradients: dict[str, Gradients] = {}
        for position, (group, total) in enumerate(totals.items(), start=1):
            own = [p for m in active if m.group == group for p in m.parameters if _can_train(p)]
            keeps = keeps_graph or position < len(totals)
            values = torch.autograd.grad(total, own, retain_graph=keeps, allow_unused=True)
            pairs = zip(own, values, strict=True)
            reached = {p: gradient for p, gradient in pairs if gradient is not None}
            means = averaged(reached.values())
            gradients[group] = dict(zip(reached, means, strict=True))
        return gradients

    def _totals(
        self, losses: Mapping[str, Tensor], groups: set[str], clock: Clock
    ) -> dict[str, Tensor]:
        """Return group -> the weighted sum of its losses and penalties.

        Losses without a graph are left out.
        """
        totals: dict[str, Tensor] = {}
        for name, loss in losses.items():
            route = self.routes[name]
            if route.group in groups and loss.requires_grad:
                total = totals.get(route.group)
                weighted = route.weight(clock) * loss
                totals[route.group] = weighted if total is None else total + weighted
        for penalty in self.penalties:
            if penalty.group in totals:
                totals[penalty.group] = totals[penalty.group] + penalty(clock)
        return totals


def _can_train(parameter: Parameter) -> bool:
    """Whether it can have a gradient; a lazy parameter cannot before its layer runs."""
    return parameter.requires_grad and not is_lazy(parameter)


def _step(member: GroupedOptimizer, gradients: Gradients) -> None:
    own = member.parameters
    for parameter in own:
        parameter.grad = _laid_out_like(parameter, gradients.get(parameter))
    member.optimizer.step()
    for parameter in own:
        parameter.grad = None


def _laid_out_like(parameter: Parameter, gradient: Tensor | None) -> Tensor | None:
    """Return the gradient in the parameter's memory layout, which fused optimizers assume."""
    if gradient is None or gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


def _advance(schedulers: Sequence[LRScheduler]) -> None:
    for scheduler in schedulers:
        with warnings.catch_warnings():
            # torch warns if the optimizer has not stepped yet, as in a cycle
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            scheduler.step()
