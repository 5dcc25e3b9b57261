"""Exit criteria of phases. Each returns its reason once it is met."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from dcrf.batch import Clock
from dcrf.errors import counted
from dcrf.evaluation.evaluator import Evaluation
from dcrf.reporting.scores import heading


class Progress(Protocol):
    """The state of a phase that criteria read."""

    clock: Clock
    evaluation: Evaluation | None  # the latest one of this phase
    warnings: dict[str, str]  # lasting signs of collapse, kind -> sentence


class ExitCriterion(Protocol):
    """A reason to end a phase."""

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""


@dataclass(frozen=True, slots=True)
class Iterations:
    """The phase has run this number of iterations."""

    number: int

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        is_over = state.clock.iteration >= self.number
        return counted(self.number, "iteration") if is_over else None


@dataclass(frozen=True, slots=True)
class Epochs:
    """The phase has run this number of epochs."""

    number: int

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        is_over = state.clock.epoch > self.number or (
            state.clock.epoch == self.number and state.clock.epoch_ends
        )
        return counted(self.number, "epoch") if is_over else None


@dataclass(frozen=True, slots=True)
class ScoreAbove:
    """A score is greater than a value."""

    metric: str
    value: float
    needs_labels: bool = True

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        score = _score(state, self.metric)
        if score is None or score <= self.value:
            return None
        return f"{heading(self.metric)} {score:.3f} > {self.value:g}"


@dataclass(frozen=True, slots=True)
class ScoreBelowAfter:
    """A score is less than a value after a number of iterations."""

    metric: str
    value: float
    iterations: int
    needs_labels: bool = True

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        score = _score(state, self.metric)
        if score is None or score >= self.value or state.clock.iteration < self.iterations:
            return None
        shown = f"{heading(self.metric)} {score:.3f} < {self.value:g}"
        return f"{shown} after {counted(self.iterations, 'iteration')}"


@dataclass(frozen=True, slots=True)
class ReassignmentBelow:
    """The share of samples whose cluster changed since the last evaluation is less than a value."""

    value: float

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        ratio = state.evaluation.reassignment_ratio if state.evaluation else None
        if ratio is None or ratio >= self.value:
            return None
        return f"reassignment ratio {ratio:.5f} < {self.value:g}"


@dataclass(frozen=True, slots=True)
class Collapse:
    """Clusters or features have been collapsed for some time, until the last evaluation."""

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        return f"collapsed: {'; '.join(state.warnings.values())}" if state.warnings else None


def needs_labels(criterion: ExitCriterion) -> bool:
    """Whether a criterion can be met only on a data set with labels."""
    return isinstance(criterion, ScoreAbove | ScoreBelowAfter) and criterion.needs_labels


def metrics_of(criteria: Iterable[ExitCriterion]) -> list[str]:
    """Return the names of the metrics whose scores the criteria read."""
    return [c.metric for c in criteria if isinstance(c, ScoreAbove | ScoreBelowAfter)]


def _score(state: Progress, metric: str) -> float | None:
    return state.evaluation.scores.get(metric) if state.evaluation else None
