"""Assigning samples by one of the method's classifiers, or by their mean."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dcrf.assignment.base import Assignment

LABEL_INFORMED_PREFIX = "highest_"


class Classifier(Assignment):
    """Soft assignments are class probabilities of sample- or feature-space classifiers.

    Formula:
        q_ij = softmax_j(f(x_i)), or its mean over several classifiers f

    Args:
        classifiers: name -> assignment by that classifier, in the order of declaration.
        classifier_selection_criterion: `first_declared`; `name` selects `classifier`; `average`
            is the mean of the class probabilities. `highest_last_*` and `highest_average_*` (of
            `acc`, `nmi`, `ari`) select the classifier with the highest last or mean score of the
            evaluations so far. They average until every classifier has a score.
        classifier: the classifier that `name` selects.
    """

    def __init__(
        self,
        *,
        classifiers: Mapping[str, Assignment],
        classifier_selection_criterion: str,
        classifier: Assignment | None = None,
    ) -> None:
        super().__init__()
        self.classifiers = dict(classifiers)
        self._registered = nn.ModuleList(self.classifiers.values())
        self.criterion = classifier_selection_criterion
        self.named_classifier = classifier
        self.scores: dict[str, list[float]] = {name: [] for name in self.classifiers}

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k) natural-log class probabilities."""
        selected = self._selected()
        log_probabilities = torch.stack([classifier(samples) for classifier in selected])
        return log_probabilities.logsumexp(0) - math.log(len(selected))

    def features(self, samples: Tensor) -> Tensor:
        """Return the input (n, d) of the first selected classifier."""
        return self._selected()[0].features(samples)

    def candidates(self) -> Mapping[str, Assignment]:
        """Return all classifiers if their scores decide, else nothing."""
        return self.classifiers if self.criterion.startswith(LABEL_INFORMED_PREFIX) else {}

    def record_scores(self, scores: Mapping[str, Mapping[str, float]]) -> None:
        """Record the deciding score of every classifier."""
        metric = self.criterion.rsplit("_", 1)[-1]
        for name, values in scores.items():
            self.scores[name].append(values[metric])

    def get_extra_state(self) -> dict[str, list[float]]:
        """Return the recorded scores, oldest first."""
        return {name: list(scores) for name, scores in self.scores.items()}

    def set_extra_state(self, state: dict[str, list[float]]) -> None:
        """Restore `get_extra_state`'s result."""
        self.scores = state

    def _selected(self) -> list[Assignment]:
        classifiers = list(self.classifiers.values())
        if self.criterion == "first_declared":
            return classifiers[:1]
        if self.criterion == "name" and self.named_classifier is not None:
            return [self.named_classifier]
        if self.criterion == "average" or not all(self.scores.values()):
            return classifiers
        return [self.classifiers[max(self.scores, key=self._score)]]

    def _score(self, name: str) -> float:
        scores = self.scores[name]
        return scores[-1] if "_last_" in self.criterion else sum(scores) / len(scores)
