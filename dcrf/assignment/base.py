"""Base class of cluster assignments."""

from collections.abc import Mapping

from torch import Tensor, nn

from dcrf.assignment.lifecycle import Lifecycle
from dcrf.errors import TrainingError
from dcrf.functional.assignments import most_probable_clusters
from dcrf.mappings.forward_cache import CachedModule


class Assignment(CachedModule, Lifecycle):
    """Maps samples (n, *sample_shape) to log-assignments (n, k), natural-log probabilities."""

    @property
    def inverse_temperature(self) -> float:
        """Factor of the squared distance in a Gaussian similarity; 1 for all other assignments."""
        return 1.0

    @property
    def is_annealing(self) -> bool:
        """Whether `inverse_temperature` still rises."""
        return False

    def forward(self, samples: Tensor) -> Tensor:
        """Return (n, k) natural-log probabilities; every row's exp sums to 1."""
        return self.cached(samples, lambda: self.assign(samples))

    def clusters(self, samples: Tensor) -> Tensor:
        """Return (n,) int64, the most probable cluster of each sample; -1 for noise."""
        return most_probable_clusters(self(samples))

    def assign(self, samples: Tensor) -> Tensor:
        """Compute the log-assignments (n, k) without the cache. Subclasses implement this."""
        raise NotImplementedError

    def features(self, samples: Tensor) -> Tensor:
        """Return the features (n, d) that clusters are formed in: by default, the flat samples."""
        return samples.flatten(1)

    def cluster_centers(self) -> Tensor | None:
        """Return the centers (k, d) in feature space, or None for an assignment without centers.

        Gradient flows into centers that are parameters.
        """
        return None

    def check_ready(self) -> None:
        """Raise TrainingError if samples cannot be assigned yet."""
        if reason := self.why_not_ready():
            raise TrainingError(f"samples cannot be assigned to clusters: {reason}")

    def candidates(self) -> Mapping[str, "Assignment"]:
        """Return the assignments that this one chooses among by their scores, by name."""
        return {}

    def record_scores(self, scores: Mapping[str, Mapping[str, float]]) -> None:
        """Record the scores of one evaluation: candidate -> metric -> its value."""

    def owned(self) -> nn.Module | None:
        """Return the module with the parameters that only this assignment has, or None.

        It is the part `assignment` of the method: optimizers can train it, and it is saved.
        """
        return None
