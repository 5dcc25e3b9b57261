"""Assigning samples by the class probabilities of one classifier."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.errors import OutputShapeError
from dcrf.mappings.mapping import TrainableMapping


class ClassProbabilities(Assignment):
    """Soft assignments are the class probabilities of one classifier.

    Args:
        classifier: maps samples, or the feature extractor's output, to k logits.
        n_clusters: k.
        feature_extractor: runs before a feature-space classifier; None for a sample-space one.

    Raises:
        OutputShapeError: the classifier's output width is not k.
    """

    def __init__(
        self,
        classifier: TrainableMapping,
        n_clusters: int,
        feature_extractor: TrainableMapping | None = None,
    ) -> None:
        super().__init__()
        self.classifier, self.feature_extractor = classifier, feature_extractor
        self.n_clusters = n_clusters

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k) natural-log class probabilities."""
        log_probabilities = self.classifier.log_probabilities(self._inputs(samples))
        shape = tuple(log_probabilities.shape[1:])
        if shape != (self.n_clusters,):
            raise OutputShapeError(
                self.classifier,
                f"a classifier's output has shape {shape} per sample, but num_clusters is "
                f"{self.n_clusters}",
            )
        return log_probabilities

    def features(self, samples: Tensor) -> Tensor:
        """Return the input of the classifier's own layers, flattened to (n, d)."""
        inputs, prior = self._inputs(samples), self.classifier.prior
        return (inputs if prior is None else prior(inputs)).flatten(1)

    def _inputs(self, samples: Tensor) -> Tensor:
        return samples if self.feature_extractor is None else self.feature_extractor(samples)
