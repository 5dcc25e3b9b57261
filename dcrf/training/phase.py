"""Run one phase: iterate, compute losses, step, let the hooks look, stop when told."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Table
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from dcrf.batch import Batch, Clock, Sweep
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import TrainingError, cause_of
from dcrf.evaluation.evaluator import Evaluation
from dcrf.mappings.shared import Shared, shared_passes
from dcrf.training.exit_criteria import ExitCriterion
from dcrf.training.optimizers import OptimizerGroups


@dataclass(slots=True)
class PhaseState:
    """What hooks and exit criteria may look at. The loop is its only writer but for `evaluation`.

    losses: unweighted losses of this iteration, without graph.
    evaluation: the last one of this phase.
    """

    clock: Clock
    losses: Table[str, Tensor] = field(default_factory=dict)
    evaluation: Evaluation | None = None


class Hook:
    """Something done between iterations: evaluate, report, save, recalculate centroids."""

    def after_iteration(self, state: PhaseState) -> None:
        """Do what is due after this iteration."""

    def after_phase(self, state: PhaseState) -> None:
        """Do what is left when the phase has ended."""


@dataclass(frozen=True, slots=True)
class PatternUse:
    """A pattern in a phase, and the views that it is shown.

    views: role -> name of the view, None for the default one. The role `samples` takes the place
        of the batch's samples; the others arrive as its views.
    """

    pattern: DesignPattern
    views: Table[str, str | None] = field(default_factory=dict)

    def batch_for(self, batch: Batch) -> Batch:
        """Return the batch as this pattern is meant to see it."""
        shown = {
            role: batch.samples if name is None else batch.views[name]
            for role, name in self.views.items()
        }
        return replace(batch, samples=shown.pop("samples", batch.samples), views=shown)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase, ready to run."""

    name: str
    patterns: Table[str, PatternUse]
    optimizers: OptimizerGroups
    exit_criteria: Sequence[ExitCriterion]
    hooks: Sequence[Hook]

    @property
    def view_names(self) -> set[str]:
        """The views that its patterns ask for."""
        return {n for use in self.patterns.values() for n in use.views.values() if n is not None}


def run_phase(
    phase: Phase,
    batches: Iterable[tuple[Clock, Batch]],
    sweep: Sweep,
    shared: Sequence[Shared],
) -> tuple[str, PhaseState]:
    """Train until an exit criterion is met; return its reason and the state then.

    The modules of `shared` run once per input tensor in an iteration.

    Raises:
        TrainingError: a pattern fails, or a loss is not finite.
    """
    state = PhaseState(Clock(epoch=1, iteration=1))
    reason = "the data ran out"
    for clock, batch in batches:
        state.clock = clock
        losses = compute_losses(phase.patterns, clock, batch, sweep, shared)
        phase.optimizers.step(losses, clock)
        state.losses = {name: loss.detach() for name, loss in losses.items()}
        for hook in phase.hooks:
            hook.after_iteration(state)
        if found := first_reason(phase.exit_criteria, state):
            reason = found
            break
    for hook in phase.hooks:
        hook.after_phase(state)
    return reason, state


def compute_losses(
    patterns: Table[str, PatternUse],
    clock: Clock,
    batch: Batch,
    sweep: Sweep,
    shared: Sequence[Shared],
) -> dict[str, Tensor]:
    """Return the unweighted losses of all patterns under `<pattern>/<loss>`."""
    for name, use in patterns.items():
        with _blamed_on(name, clock):
            use.pattern.before_iteration(clock, sweep)
    losses: dict[str, Tensor] = {}
    with shared_passes(shared):
        for name, use in patterns.items():
            with _blamed_on(name, clock):
                found = use.pattern(use.batch_for(batch))
            losses |= {f"{name}/{loss}": value for loss, value in found.items()}
    check_finite(losses, clock)
    return losses


@contextmanager
def _blamed_on(pattern: str, clock: Clock) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        place = f"{pattern} in iteration {clock.iteration}"
        raise TrainingError(f"{place}: {cause_of(error)}") from error


def check_finite(losses: Table[str, Tensor], clock: Clock) -> None:
    """Raise TrainingError for the first loss that is infinite or not a number."""
    if not losses or torch.stack([loss.detach() for loss in losses.values()]).isfinite().all():
        return
    name, value = next((n, v.item()) for n, v in losses.items() if not v.isfinite())
    raise TrainingError(
        f"{name} is {value} in iteration {clock.iteration}; "
        "a smaller learning rate or loss weight may help"
    )


def first_reason(criteria: Sequence[ExitCriterion], state: PhaseState) -> str | None:
    """Return the reason of the first criterion that is met."""
    return next((r for c in criteria if (r := c.reason(state))), None)
