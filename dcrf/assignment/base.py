"""What every way of assigning samples to clusters promises."""

from collections.abc import Mapping

from torch import Tensor

from dcrf.batch import DatasetPass
from dcrf.errors import TrainingError
from dcrf.mappings.forward_cache import CachedModule


class Assignment(CachedModule):
    """Maps samples (n, *sample_shape) to log-assignments (n, k), natural-log probabilities."""

    @property
    def inverse_temperature(self) -> float:
        """Factor of the squared distance in a Gaussian similarity; 1 for every other kind."""
        return 1.0

    @property
    def is_annealing(self) -> bool:
        """Whether `inverse_temperature` has not come to its last value yet."""
        return False

    def forward(self, samples: Tensor) -> Tensor:
        """Return (n, k) natural-log probabilities; every row's exp sums to 1."""
        return self.cached(samples, lambda: self.assign(samples))

    def assign(self, samples: Tensor) -> Tensor:
        """Compute what `forward` returns."""
        raise NotImplementedError

    def features(self, samples: Tensor) -> Tensor:
        """Return what the clusters are formed in, (n, d); the samples themselves by default."""
        return samples.flatten(1)

    def cluster_centers(self) -> Tensor | None:
        """Return what clusters are formed around, (k, d) among the features; None without."""
        return None

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        return None

    def check_ready(self) -> None:
        """Raise TrainingError where samples cannot be assigned yet."""
        if reason := self.why_not_ready():
            raise TrainingError(f"samples cannot be assigned to clusters: {reason}")

    def candidates(self) -> Mapping[str, "Assignment"]:
        """Return the assignments that this one chooses among by their scores, by name."""
        return {}

    def record_scores(self, scores: Mapping[str, Mapping[str, float]]) -> None:
        """Record the scores of one evaluation: candidate name -> {"acc", "nmi", "ari"}."""

    def after_iteration(self) -> None:
        """Advance what changes with iterations, as an annealed temperature."""

    def after_phase(self, phase: str, data_pass: DatasetPass) -> None:
        """Do what follows a phase, as clustering the features of the whole data set."""
