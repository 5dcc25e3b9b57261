"""Assigning samples by the similarity of their features to centroids."""

from collections.abc import Mapping

from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import Centroids
from dcrf.batch import Clock, DatasetPass
from dcrf.functional.assignments import (
    annealed_inverse_temperature,
    gaussian_log_assignments,
    student_t_log_assignments,
)
from dcrf.mappings.features import Features


class FeatureRepresentationCentroidSimilarity(Assignment):
    """Soft assignments under a Student's-t kernel (DEC) or a Gaussian kernel (deep k-means).

    Args:
        features: maps samples to features (n, d).
        centroids: (k, d) after their initialization.
        similarity_measure: `student_t` or `gaussian`.
        gaussian_similarity_measure_inverse_temperature: alpha of the Gaussian kernel: a
            `fixed_value`, or the annealing schedule of deep k-means. The schedule counts
            iterations since the initialization of the centroids.

    Source: Xie, Girshick, Farhadi, ICML 2016, eq. 1; Moradi Fard, Thonet, Gaussier 2020, eq. 4.
    """

    def __init__(
        self,
        *,
        features: Features,
        centroids: Centroids,
        similarity_measure: str,
        gaussian_similarity_measure_inverse_temperature: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.feature_module, self.centroids = features, centroids
        self.is_gaussian = similarity_measure == "gaussian"
        self.schedule = dict(gaussian_similarity_measure_inverse_temperature or {})
        self.iterations = 0

    @property
    def inverse_temperature(self) -> float:
        """Alpha of the Gaussian kernel in this iteration; 1 for Student's t."""
        if not self.is_gaussian:
            return 1.0
        if "fixed_value" in self.schedule:
            return self.schedule["fixed_value"]
        return annealed_inverse_temperature(
            self.schedule["annealing_initial_value"],
            self.schedule["annealing_final_value"],
            int(self.schedule["annealing_iterations_per_value"]),
            self.iterations,
        )

    @property
    def is_annealing(self) -> bool:
        """Whether `inverse_temperature` is below its final value."""
        final = self.schedule.get("annealing_final_value")
        return self.is_gaussian and final is not None and self.inverse_temperature < final

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k) natural-log probabilities."""
        self.check_ready()
        features, centroids = self.features(samples), self.centroids.values
        if self.is_gaussian:
            return gaussian_log_assignments(features, centroids, self.inverse_temperature)
        return student_t_log_assignments(features, centroids)

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def cluster_centers(self) -> Tensor:
        """Return the centroids (k, d)."""
        return self.centroids.values.detach()

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.centroids.are_initialized:
            return None
        return "the centroids are not initialized yet (see use_centroids_during_phases)"

    def owned(self) -> nn.Module | None:
        """Return the statistics of the features, if they are standardized."""
        return self.feature_module.owned()

    def after_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Count the iterations since the centroids were initialized."""
        self.iterations += self.centroids.are_initialized

    def get_extra_state(self) -> dict[str, int]:
        """Return the iterations that the annealing has counted."""
        return {"iterations": self.iterations}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Restore `get_extra_state`'s result."""
        self.iterations = state["iterations"]
