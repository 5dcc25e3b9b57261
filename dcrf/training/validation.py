"""Evaluations on another data set while a phase trains, which can end it and choose parameters."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from torch import nn

from dcrf.batch import DatasetPass, Place
from dcrf.reporting.records import Note, ValidationRecord
from dcrf.reporting.scores import heading
from dcrf.reporting.writers import Writer
from dcrf.training.exit_criteria import Progress
from dcrf.training.interfaces import Evaluator
from dcrf.training.phase import Hook, PhaseState


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """How a phase uses the scores of a validation data set.

    interval: iterations between two evaluations.
    metric: whose score decides.
    larger_is_better: whether larger scores of it are better.
    patience: iterations without a better score after which the phase ends; None for never.
    keep_best: whether the phase ends with the parameters that had the best score.
    """

    interval: int
    metric: str
    larger_is_better: bool
    patience: int | None
    keep_best: bool


class Validation(Hook):
    """Evaluates on a validation data set, as a hook and an exit criterion.

    The best parameters are kept in memory and in checkpoints.

    Args:
        rule: how scores are used.
        method: with all of its state.
        evaluator: of the validation data set.
        data_pass: over that data set.
        writer: receives evaluations and notes.
        place: names of the validation data set and of the phase.
    """

    def __init__(
        self,
        rule: ValidationRule,
        method: nn.Module,
        evaluator: Evaluator,
        data_pass: DatasetPass,
        writer: Writer,
        place: Place,
    ) -> None:
        self.rule, self.method, self.evaluator, self.data_pass = rule, method, evaluator, data_pass
        self.writer, self.place = writer, place
        self.best: float | None = None
        self.iteration_of_best = 0
        self.kept: dict[str, Any] = {}

    def after_iteration(self, state: PhaseState) -> None:
        """Evaluate if an evaluation is due, and keep the method if its score is the best so far."""
        if not state.clock.due(self.rule.interval) or self.evaluator.why_not_ready():
            return
        evaluation = self.evaluator.evaluate(self.data_pass)
        record = evaluation.record()
        self.writer.write(ValidationRecord(*self.place, state.clock.iteration, record))
        score = evaluation.scores.get(self.rule.metric)
        if score is not None and (self.best is None or self._is_better(score, self.best)):
            self.best, self.iteration_of_best = score, state.clock.iteration
            if self.rule.keep_best:
                self.kept = deepcopy(self.method.state_dict())
        self.evaluator.score_candidates(self.data_pass)  # what is kept has the choice before

    def after_phase(self, state: PhaseState) -> None:
        """Restore the method that had the best score."""
        if not self.rule.keep_best:
            return
        if self.best is None:
            text = f"keeps the last parameters: there is no score on {self.place.dataset}"
        else:
            self.method.load_state_dict(self.kept)
            text = f"keeps the parameters after it {self.iteration_of_best}, {self._shown()}"
        self.writer.write(Note(f"{self.place.phase}  {text}"))

    def reason(self, state: Progress) -> str | None:
        """Return why the phase ends now, or None."""
        patience, waited = self.rule.patience, state.clock.iteration - self.iteration_of_best
        if patience is None or waited < patience:
            return None
        if self.best is None:
            return f"no score on {self.place.dataset} in {patience} iterations"
        return f"{self._shown()} has not improved since it {self.iteration_of_best}"

    def state_dict(self) -> dict[str, Any]:
        """Return the best score, its iteration, the kept method and the state of the evaluator."""
        return {
            "best": self.best,
            "iteration_of_best": self.iteration_of_best,
            "kept": self.kept,
            "evaluator": self.evaluator.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.best, self.iteration_of_best = state["best"], state["iteration_of_best"]
        self.kept = state["kept"]
        self.evaluator.load_state_dict(state["evaluator"])

    def _is_better(self, score: float, other: float) -> bool:
        return score > other if self.rule.larger_is_better else score < other

    def _shown(self) -> str:
        return f"{heading(self.rule.metric)} {self.best:.3f} on {self.place.dataset}"
