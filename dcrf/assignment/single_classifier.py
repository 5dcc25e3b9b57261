"""One classifier as an assignment."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.mappings.mapping import Mapping


class SingleClassifier(Assignment):
    """Class probabilities of one classifier are the soft assignments.

    Args:
        classifier: maps samples, or features where there is a feature extractor, to k logits.
        feature_extractor: runs first, for a feature-space classifier.
    """

    def __init__(self, classifier: Mapping, feature_extractor: Mapping | None = None) -> None:
        super().__init__()
        self.classifier, self.feature_extractor = classifier, feature_extractor

    def forward(self, samples: Tensor) -> Tensor:
        """Return (n, k) natural-log class probabilities."""
        return self.classifier.log_probabilities(self._inputs(samples))

    def features(self, samples: Tensor) -> Tensor:
        """Return what the classifier sees, (n, d)."""
        return self._inputs(samples).flatten(1)

    def _inputs(self, samples: Tensor) -> Tensor:
        return samples if self.feature_extractor is None else self.feature_extractor(samples)
