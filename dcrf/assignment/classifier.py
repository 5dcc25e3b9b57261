"""Assigning samples by a classifier, chosen among those of the method."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dcrf.assignment.base import Assignment

LABEL_INFORMED_PREFIX = "highest_"


class Classifier(Assignment):
    """Soft assignments are class probabilities of a sample- or feature-space classifier.

    Args:
        classifiers: name -> assignment by that classifier, in the order of their declaration.
        classifier_selection_criterion: `first_declared`; `name`, which takes `classifier`;
            `average`, the mean of class probabilities; `highest_last_*` and `highest_average_*`
            of `acc`, `nmi`, `ari`: the one with the best last or mean score over the evaluations
            so far, `average` until there is one.
        classifier: the one to take by `name`.
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
        chosen = self._chosen()
        log_probabilities = torch.stack([classifier(samples) for classifier in chosen])
        return log_probabilities.logsumexp(0) - math.log(len(chosen))

    def features(self, samples: Tensor) -> Tensor:
        """Return what the first chosen classifier sees, (n, d)."""
        return self._chosen()[0].features(samples)

    def candidates(self) -> Mapping[str, Assignment]:
        """Return all classifiers if their scores decide, else nothing."""
        return self.classifiers if self.criterion.startswith(LABEL_INFORMED_PREFIX) else {}

    def record_scores(self, scores: Mapping[str, Mapping[str, float]]) -> None:
        """Record the deciding score of every classifier."""
        metric = self.criterion.rsplit("_", 1)[-1]
        for name, values in scores.items():
            self.scores[name].append(values[metric])

    def get_extra_state(self) -> dict[str, list[float]]:
        """Return the scores so far."""
        return {name: list(scores) for name, scores in self.scores.items()}

    def set_extra_state(self, state: dict[str, list[float]]) -> None:
        """Take over scores that `get_extra_state` returned."""
        self.scores = state

    def _chosen(self) -> list[Assignment]:
        every = list(self.classifiers.values())
        if self.criterion == "first_declared":
            return every[:1]
        if self.criterion == "name" and self.named_classifier is not None:
            return [self.named_classifier]
        if self.criterion == "average" or not all(self.scores.values()):
            return every
        return [self.classifiers[max(self.scores, key=self._score)]]

    def _score(self, name: str) -> float:
        scores = self.scores[name]
        return scores[-1] if "_last_" in self.criterion else sum(scores) / len(scores)
