"""One classifier as an assignment."""

from torch import Tensor

from dcrf.assignment.base import Assignment
from dcrf.errors import OutputShapeError
from dcrf.mappings.mapping import TrainableMapping


class ClassProbabilities(Assignment):
    """Class probabilities of one classifier are the soft assignments.

    Args:
        classifier: maps samples, or features where there is a feature extractor, to k logits.
        n_clusters: k.
        feature_extractor: runs first, for a feature-space classifier.

    Raises:
        OutputShapeError: the classifier has another number of outputs than there are clusters.
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
        found = self.classifier.log_probabilities(self._inputs(samples))
        if found.shape[1:] != (self.n_clusters,):
            raise OutputShapeError(
                self.classifier,
                f"a classifier gives outputs of shape {tuple(found.shape[1:])} for a sample, but "
                f"num_clusters is {self.n_clusters}",
            )
        return found

    def features(self, samples: Tensor) -> Tensor:
        """Return what the classifier sees, (n, d)."""
        return self._inputs(samples).flatten(1)

    def _inputs(self, samples: Tensor) -> Tensor:
        return samples if self.feature_extractor is None else self.feature_extractor(samples)
