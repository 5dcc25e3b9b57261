"""Run one phase: iterate, compute losses, step, let the hooks look, stop when told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from torch import Tensor

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import DivergedError, TrainingError, cause_of
from dcrf.evaluation.evaluator import Evaluation
from dcrf.mappings.forward_cache import CachedModule, cached_forwards
from dcrf.training.exit_criteria import ExitCriterion
from dcrf.training.finite_checks import check_losses, gradient_error
from dcrf.training.optimizers import OptimizerGroups


@dataclass(slots=True)
class PhaseState:
    """What hooks and exit criteria may look at. The loop writes it but for the last two.

    losses: unweighted losses of this iteration, without graph.
    evaluation: the last one of this phase.
    warnings: signs of collapse that have lasted until the last evaluation, kind -> sentence.
    """

    clock: Clock = field(default_factory=lambda: Clock(epoch=1, iteration=0))
    losses: Mapping[str, Tensor] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    warnings: dict[str, str] = field(default_factory=dict)

    def state_dict(self) -> dict[str, Any]:
        """Return all but the losses, which are of their iteration alone."""
        found = self.evaluation
        return {
            "clock": asdict(self.clock),
            "evaluation": None if found is None else asdict(found),
            "warnings": dict(self.warnings),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.clock, found = Clock(**state["clock"]), state["evaluation"]
        self.evaluation = None if found is None else Evaluation(**found)
        self.warnings = dict(state["warnings"])


class Hook:
    """Something done between iterations: evaluate, report, save, recalculate centroids."""

    def after_iteration(self, state: PhaseState) -> None:
        """Do what is due after this iteration."""

    def after_phase(self, state: PhaseState) -> None:
        """Do what is left when the phase has ended."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold so that the hook goes on as it would have."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""


@dataclass(frozen=True, slots=True)
class PatternUse:
    """A pattern in a phase, and the views that it is shown.

    views: role -> name of the view, None for the default one. The role `samples` takes the place
        of the batch's samples; the others arrive as its views.
    """

    pattern: DesignPattern
    views: Mapping[str, str | None] = field(default_factory=dict)

    def batch_for(self, batch: Batch) -> Batch:
        """Return the batch as this pattern is meant to see it."""
        shown = {
            role: batch.samples if name is None else batch.views[name]
            for role, name in self.views.items()
        }
        return replace(batch, samples=shown.pop("samples", batch.samples), views=shown)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase, ready to run, or to go on where its state says."""

    name: str
    patterns: Mapping[str, PatternUse]
    optimizers: OptimizerGroups
    exit_criteria: Sequence[ExitCriterion]
    hooks: Sequence[Hook]
    state: PhaseState = field(default_factory=PhaseState)

    @property
    def view_names(self) -> set[str]:
        """The views that its patterns ask for."""
        return {n for use in self.patterns.values() for n in use.views.values() if n is not None}

    def state_dict(self) -> dict[str, Any]:
        """Return all that outlives an iteration, but for the method's own state."""
        return {
            "patterns": {n: use.pattern.state_dict() for n, use in self.patterns.items()},
            "optimizers": self.optimizers.state_dict(),
            "hooks": [hook.state_dict() for hook in self.hooks],
            "state": self.state.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        for name, use in self.patterns.items():
            use.pattern.load_state_dict(state["patterns"][name])
        self.optimizers.load_state_dict(state["optimizers"])
        for hook, saved in zip(self.hooks, state["hooks"], strict=True):
            hook.load_state_dict(saved)
        self.state.load_state_dict(state["state"])


def _nothing(state: PhaseState) -> None:
    """Do nothing between iterations."""


def run_phase(
    phase: Phase,
    batches: Iterable[tuple[Clock, Batch]],
    data_pass: DatasetPass,
    cached: Sequence[CachedModule],
    between_iterations: Callable[[PhaseState], None] = _nothing,
) -> tuple[str, PhaseState]:
    """Train until an exit criterion is met; return its reason and the state then.

    The modules of `cached` run once per input tensor in an iteration. `between_iterations` comes
    after an iteration that another one follows: the only moment at which a checkpoint is whole.

    Raises:
        TrainingError: a pattern fails.
        DivergedError: a loss, or the gradient of one, is not finite.
    """
    state = phase.state
    reason = "the data ran out"
    for clock, batch in batches:
        state.clock = clock
        losses = _minimize(phase, clock, batch, data_pass, cached)
        state.losses = {name: loss.detach() for name, loss in losses.items()}
        for hook in phase.hooks:
            hook.after_iteration(state)
        if found := first_reason(phase.exit_criteria, state):
            reason = found
            break
        between_iterations(state)
    for hook in phase.hooks:
        hook.after_phase(state)
    return reason, state


def _minimize(
    phase: Phase, clock: Clock, batch: Batch, data_pass: DatasetPass, cached: Sequence[CachedModule]
) -> dict[str, Tensor]:
    """Make a step, and return its losses; if it fails, find out which losses are to blame."""
    losses = compute_losses(phase.patterns, clock, batch, data_pass, cached)
    try:
        phase.optimizers.step(losses, clock)
    except DivergedError as error:
        again = compute_losses(phase.patterns, clock, batch, data_pass, cached)
        guilty = phase.optimizers.guilty(again, clock)
        raise gradient_error(clock.iteration, guilty) from error
    return losses


def compute_losses(
    patterns: Mapping[str, PatternUse],
    clock: Clock,
    batch: Batch,
    data_pass: DatasetPass,
    cached: Sequence[CachedModule],
) -> dict[str, Tensor]:
    """Return the unweighted losses of all patterns under `<pattern>/<loss>`."""
    for name, use in patterns.items():
        with _blamed_on(name, clock):
            use.pattern.before_iteration(clock, data_pass)
    losses: dict[str, Tensor] = {}
    with cached_forwards(cached):
        for name, use in patterns.items():
            with _blamed_on(name, clock):
                found = use.pattern(use.batch_for(batch))
            losses |= {f"{name}/{loss}": value for loss, value in found.items()}
    check_losses(losses, clock.iteration)
    return losses


@contextmanager
def _blamed_on(pattern: str, clock: Clock) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        place = f"{pattern} in iteration {clock.iteration}"
        raise TrainingError(f"{place}: {cause_of(error)}") from error


def first_reason(criteria: Sequence[ExitCriterion], state: PhaseState) -> str | None:
    """Return the reason of the first criterion that is met."""
    return next((r for c in criteria if (r := c.reason(state))), None)
