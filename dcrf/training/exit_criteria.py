"""What ends a phase. Each criterion returns its reason once it is met."""

from dataclasses import dataclass
from typing import Protocol

from dcrf.batch import Clock
from dcrf.evaluation.evaluator import Evaluation


class Progress(Protocol):
    """What a criterion looks at."""

    clock: Clock
    evaluation: Evaluation | None  # the last one of this phase
    warnings: dict[str, str]  # signs of collapse that have lasted until then, kind -> sentence


class ExitCriterion(Protocol):
    """One reason to end a phase."""

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""


@dataclass(frozen=True, slots=True)
class Iterations:
    """A number of iterations has passed."""

    number: int

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        is_over = state.clock.iteration >= self.number
        return _counted(self.number, "iteration") if is_over else None


@dataclass(frozen=True, slots=True)
class Epochs:
    """A number of epochs has passed."""

    number: int

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        is_over = state.clock.epoch > self.number or (
            state.clock.epoch == self.number and state.clock.epoch_ends
        )
        return _counted(self.number, "epoch") if is_over else None


@dataclass(frozen=True, slots=True)
class ScoreAbove:
    """ACC, NMI or ARI is greater than a value: decided by labels."""

    metric: str
    value: float

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        score = _score(state, self.metric)
        if score is None or score <= self.value:
            return None
        return f"{self.metric.upper()} {score:.3f} > {self.value:g}"


@dataclass(frozen=True, slots=True)
class ScoreBelowAfter:
    """ACC, NMI or ARI is less than a value after some iterations: decided by labels."""

    metric: str
    value: float
    iterations: int

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        score = _score(state, self.metric)
        if score is None or score >= self.value or state.clock.iteration < self.iterations:
            return None
        shown = f"{self.metric.upper()} {score:.3f} < {self.value:g}"
        return f"{shown} after {_counted(self.iterations, 'iteration')}"


@dataclass(frozen=True, slots=True)
class ReassignmentBelow:
    """The share of samples that changed their cluster is less than a value."""

    value: float

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        ratio = state.evaluation.reassignment_ratio if state.evaluation else None
        if ratio is None or ratio >= self.value:
            return None
        return f"reassignment ratio {ratio:.5f} < {self.value:g}"


@dataclass(frozen=True, slots=True)
class Collapse:
    """Evaluations have found clusters or features collapsed for some time, and so did the last."""

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        return f"collapsed: {'; '.join(state.warnings.values())}" if state.warnings else None


def needs_labels(criterion: ExitCriterion) -> bool:
    """Whether a criterion can only be met on a data set with labels."""
    return isinstance(criterion, ScoreAbove | ScoreBelowAfter)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _score(state: Progress, metric: str) -> float | None:
    return getattr(state.evaluation, metric) if state.evaluation else None
