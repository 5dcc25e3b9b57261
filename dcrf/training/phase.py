"""Run one phase: compute losses, step the optimizers, look (hooks), stop (exit criteria)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dcrf.batch import Batch, Clock, DatasetPass, ReadCompanions, ReadSideTargets, SideTargets
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import DivergedError, TrainingError, cause_of
from dcrf.evaluation.evaluator import Evaluation
from dcrf.mappings.forward_cache import CachedModule, cached_forwards
from dcrf.parallel.world import agreed
from dcrf.training.epoch_clusters import EpochClusters
from dcrf.training.exit_criteria import ExitCriterion
from dcrf.training.finite_checks import check_losses, gradient_error
from dcrf.training.optimizers import OptimizerGroups


@dataclass(slots=True)
class PhaseState:
    """The state that hooks and exit criteria read.

    The loop writes clock and losses, the evaluation hook the rest.

    losses: unweighted losses of this iteration, without graph.
    evaluation: the last one of this phase.
    warnings: signs of collapse that have lasted until the last evaluation, kind -> sentence.
    loss: mean weighted sum of the minimized losses, once the phase has ended.
    """

    clock: Clock = field(default_factory=lambda: Clock(epoch=1, iteration=0))
    losses: Mapping[str, Tensor] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    warnings: dict[str, str] = field(default_factory=dict)
    loss: float | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return all but losses, which no later iteration reads."""
        return {
            "clock": asdict(self.clock),
            "evaluation": None if self.evaluation is None else asdict(self.evaluation),
            "warnings": dict(self.warnings),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.clock, evaluation = Clock(**state["clock"]), state["evaluation"]
        self.evaluation = None if evaluation is None else Evaluation(**evaluation)
        self.warnings = dict(state["warnings"])


class Hook:
    """An action between iterations: evaluate, report, save."""

    @property
    def key(self) -> str:
        """Identifies the state in checkpoints. Exit criteria, which may change, have their own."""
        return type(self).__name__

    def after_iteration(self, state: PhaseState) -> None:
        """Act if an action is due after this iteration."""

    def after_phase(self, state: PhaseState) -> None:
        """Act at the end of the phase."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint keeps."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""


_COMPANIONS = "companions"


@dataclass(frozen=True, slots=True)
class PatternUse:
    """A pattern in a phase, with its views.

    views: role -> name of the view, None for the default one. The role `samples` replaces the
        batch's samples, `companions` is the view of the companions; other roles arrive as the
        batch's views.
    learns_from_targets: whether the pattern gets the side targets of the samples.
    """

    pattern: DesignPattern
    views: Mapping[str, str | None] = field(default_factory=dict)
    learns_from_targets: bool = False

    @property
    def views_of_samples(self) -> dict[str, str | None]:
        """Role -> name of the view, without that of the companions."""
        return {role: name for role, name in self.views.items() if role != _COMPANIONS}

    def batch_for(
        self, batch: Batch, companions: Tensor | None = None, targets: SideTargets | None = None
    ) -> Batch:
        """Return the batch with this pattern's views, by role, its companions and side targets.

        Whatever its views are, the pattern finds the default view as `batch.clean`.
        """
        views = {
            role: batch.samples if name is None else batch.views[name]
            for role, name in self.views_of_samples.items()
        }
        samples = views.pop("samples", batch.samples)
        default_view = None if samples is batch.samples else batch.samples
        return replace(
            batch,
            samples=samples,
            views=views,
            companions=companions,
            targets=targets,
            default_view=default_view,
        )

    def companions_for(
        self, batch: Batch, clock: Clock, read: ReadCompanions, purpose: str
    ) -> Tensor | None:
        """Return the companions (n, m, *sample_shape) of a batch, None if there are none."""
        indices = self.pattern.companions(batch.indices)
        if indices is None:
            return None
        return read(purpose, clock, indices, self.views.get(_COMPANIONS))

    def targets_for(self, batch: Batch, read: ReadSideTargets) -> SideTargets | None:
        """Return the side targets of a batch, None if the pattern does not learn from them."""
        return read(batch.indices) if self.learns_from_targets else None


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase, ready to run from its state on.

    frozen: the parts and layers that stay as they are.
    """

    name: str
    patterns: Mapping[str, PatternUse]
    optimizers: OptimizerGroups
    exit_criteria: Sequence[ExitCriterion]
    hooks: Sequence[Hook]
    frozen: Sequence[nn.Module] = ()
    epoch_clusters: EpochClusters = field(default_factory=EpochClusters)
    state: PhaseState = field(default_factory=PhaseState)

    @property
    def view_names(self) -> set[str]:
        """The named views of the samples of a batch that its patterns use."""
        views = (use.views_of_samples.values() for use in self.patterns.values())
        return {name for names in views for name in names if name is not None}

    def state_dict(self) -> dict[str, Any]:
        """Return all state that outlives an iteration, without the method's own."""
        return {
            "patterns": {n: use.pattern.state_dict() for n, use in self.patterns.items()},
            "optimizers": self.optimizers.state_dict(),
            "hooks": {key: hook.state_dict() for key, hook in _by_key(self.hooks).items()},
            "epoch_clusters": self.epoch_clusters.state_dict(),
            "state": self.state.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result. A hook without a saved state starts anew."""
        for name, use in self.patterns.items():
            use.pattern.load_state_dict(state["patterns"][name])
        self.optimizers.load_state_dict(state["optimizers"])
        hooks = _by_key(self.hooks)
        saved = state["hooks"]
        if isinstance(saved, list):  # of a version in which hooks had no keys
            saved = dict(zip(hooks, saved, strict=True))
        for key, hook in hooks.items():
            if key in saved:
                hook.load_state_dict(saved[key])
        self.epoch_clusters.load_state_dict(state["epoch_clusters"])
        self.state.load_state_dict(state["state"])


def _by_key(hooks: Sequence[Hook]) -> dict[str, Hook]:
    """Return hooks by their keys, with a number where several have one key."""
    keyed: dict[str, Hook] = {}
    for hook in hooks:
        number = sum(other.key == hook.key for other in keyed.values())
        keyed[f"{hook.key} {number}"] = hook
    return keyed


def _do_nothing(state: PhaseState) -> None:
    """Do nothing between iterations."""


def _no_companions(purpose: str, clock: Clock, indices: Tensor, view: str | None) -> Tensor:
    raise TrainingError("the batches come from a source without companions")


def _no_targets(indices: Tensor) -> SideTargets:
    raise TrainingError("the batches come from a source without side targets")


def run_phase(
    phase: Phase,
    batches: Iterable[tuple[Clock, Batch]],
    data_pass: DatasetPass,
    cached: Sequence[CachedModule],
    between_iterations: Callable[[PhaseState], None] = _do_nothing,
    before_end: Callable[[PhaseState], None] = _do_nothing,
    read_companions: ReadCompanions = _no_companions,
    read_targets: ReadSideTargets = _no_targets,
) -> str:
    """Train until an exit criterion is met, and return its reason.

    A phase that is resumed after its last iteration ends without another one, unless its exit
    criteria have changed.

    Args:
        phase: its state is updated.
        batches: endless, or the end of the phase.
        data_pass: over the whole data set, for the patterns.
        cached: modules that run once per input tensor in an iteration.
        between_iterations: called after an iteration if another one follows. Only then does
            `phase.state_dict()` hold everything that the following iterations need.
        before_end: called after the last iteration, while the phase can still continue.
        read_companions: reads the companions that patterns ask for.
        read_targets: reads the side targets, for patterns that learn from them.

    Raises:
        TrainingError: a pattern fails.
        DivergedError: a loss or a gradient is not finite.
    """
    state = phase.state
    reason = first_reason(phase.exit_criteria, state) if state.clock.iteration else None
    for clock, batch in batches if reason is None else ():
        state.clock = clock
        batch_of = begin_iteration(phase, clock, batch, data_pass, read_companions, read_targets)
        compute = partial(compute_losses, phase.patterns, clock, batch_of, cached)
        losses = compute()
        with _naming_diverged_losses(phase.optimizers, compute, clock):
            phase.optimizers.step(losses, clock)
        end_iteration(phase.patterns, clock, batch_of)
        if clock.epoch_ends:
            end_epoch(phase, clock, data_pass)
        state.losses = {name: loss.detach() for name, loss in losses.items()}
        for hook in phase.hooks:
            hook.after_iteration(state)
        if reason := agreed(first_reason(phase.exit_criteria, state)):
            break
        between_iterations(state)
    before_end(state)
    for hook in phase.hooks:
        hook.after_phase(state)
    return reason or "the data ran out"


def begin_iteration(
    phase: Phase,
    clock: Clock,
    batch: Batch,
    data_pass: DatasetPass,
    read_companions: ReadCompanions = _no_companions,
    read_targets: ReadSideTargets = _no_targets,
) -> dict[str, Batch]:
    """Let the patterns update their state; return pattern -> its batch, with its companions."""
    for name, use in phase.patterns.items():
        with _naming_pattern(name, clock):
            use.pattern.before_iteration(clock, data_pass)
    batch_of: dict[str, Batch] = {}
    batch = replace(batch, clock=clock)
    for name, use in phase.patterns.items():
        with _naming_pattern(name, clock):
            purpose = f"{phase.name}/companions/{name}"
            companions = use.companions_for(batch, clock, read_companions, purpose)
            targets = use.targets_for(batch, read_targets)
            batch_of[name] = use.batch_for(batch, companions, targets)
    return batch_of


def compute_losses(
    patterns: Mapping[str, PatternUse],
    clock: Clock,
    batch_of: Mapping[str, Batch],
    cached: Sequence[CachedModule],
) -> dict[str, Tensor]:
    """Return the unweighted losses of all patterns under `<pattern>/<loss>`."""
    losses: dict[str, Tensor] = {}
    with cached_forwards(cached):
        for name, use in patterns.items():
            with _naming_pattern(name, clock):
                pattern_losses = use.pattern(batch_of[name])
            losses |= {f"{name}/{loss}": value for loss, value in pattern_losses.items()}
    check_losses(losses, clock.iteration)
    return losses


def end_iteration(
    patterns: Mapping[str, PatternUse], clock: Clock, batch_of: Mapping[str, Batch]
) -> None:
    """Let the patterns act after the steps of the optimizers, without gradient."""
    with torch.no_grad():
        for name, use in patterns.items():
            with _naming_pattern(name, clock):
                use.pattern.after_step(clock, batch_of[name])


def end_epoch(phase: Phase, clock: Clock, data_pass: DatasetPass) -> None:
    """Let the patterns act after an epoch, without gradient.

    If one replaces clusters, optimizers forget their momentum, and all patterns the clusters.
    """
    with torch.no_grad():
        for name, use in phase.patterns.items():
            with _naming_pattern(name, clock):
                if replaced := use.pattern.after_epoch(clock, data_pass):
                    phase.optimizers.forget(replaced)
                    for each in phase.patterns.values():
                        each.pattern.forget_clusters()


def first_reason(criteria: Sequence[ExitCriterion], state: PhaseState) -> str | None:
    """Return the reason of the first criterion that is met."""
    return next((r for c in criteria if (r := c.reason(state))), None)


@contextmanager
def _naming_diverged_losses(
    optimizers: OptimizerGroups, compute: Callable[[], Mapping[str, Tensor]], clock: Clock
) -> Iterator[None]:
    """If gradients diverge, compute them again loss by loss, so that the error names the loss."""
    try:
        yield
    except DivergedError as error:
        names = optimizers.diverged_losses(compute(), clock)
        raise gradient_error(clock.iteration, names) from error


@contextmanager
def _naming_pattern(pattern: str, clock: Clock) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        place = f"{pattern} in iteration {clock.iteration}"
        raise TrainingError(f"{place}: {cause_of(error)}") from error
