"""Assigning samples by the similarity of their features to centroids."""

from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import Centroids
from dcrf.batch import Clock, DatasetPass
from dcrf.functional.assignments import (
    gaussian_log_assignments,
    student_t_log_assignments,
)
from dcrf.mappings.features import Features
from dcrf.schedules.base import Schedule


class FeatureRepresentationCentroidSimilarity(Assignment):
    """Soft assignments under a Student's-t kernel (DEC) or a Gaussian kernel (deep k-means).

    Formula:
        q_ij = (1 + |z_i - mu_j|^2)^-1 / sum_l (1 + |z_i - mu_l|^2)^-1 (student_t)
        q_ij = exp(-alpha |z_i - mu_j|^2) / sum_l exp(-alpha |z_i - mu_l|^2) (gaussian)

    Args:
        features: maps samples to features (n, d).
        centroids: (k, d) after their initialization.
        similarity_measure: `student_t` or `gaussian`.
        gaussian_similarity_measure_inverse_temperature: schedule of alpha, the factor of the
            squared distance in the Gaussian kernel. It counts the iterations since the
            initialization of the centroids, across phases.

    Raises:
        ValueError: a Gaussian kernel without alpha.

    Source: Xie, Girshick, Farhadi, ICML 2016, eq. 1; Moradi Fard, Thonet, Gaussier 2020, eq. 4.
    """

    def __init__(
        self,
        *,
        features: Features,
        centroids: Centroids,
        similarity_measure: str,
        gaussian_similarity_measure_inverse_temperature: Schedule | None = None,
    ) -> None:
        super().__init__()
        self.feature_module, self.centroids = features, centroids
        is_gaussian = similarity_measure == "gaussian"
        if is_gaussian and gaussian_similarity_measure_inverse_temperature is None:
            raise ValueError("expected an inverse temperature for the Gaussian kernel")
        self.schedule = gaussian_similarity_measure_inverse_temperature if is_gaussian else None
        self.iterations = self.epochs = 0

    @property
    def inverse_temperature(self) -> float:
        """Alpha of the Gaussian kernel in this iteration; 1 for Student's t."""
        if self.schedule is None:
            return 1.0
        return self.schedule(Clock(epoch=self.epochs + 1, iteration=self.iterations + 1))

    @property
    def is_annealing(self) -> bool:
        """Whether `inverse_temperature` is below its final value."""
        return self.schedule is not None and self.inverse_temperature < self.schedule.final

    def assign(self, samples: Tensor) -> Tensor:
        """Return (n, k) natural-log probabilities."""
        self.check_ready()
        features, centroids = self.features(samples), self.centroids.values
        if self.schedule is not None:
            return gaussian_log_assignments(features, centroids, self.inverse_temperature)
        return student_t_log_assignments(features, centroids)

    def features(self, samples: Tensor) -> Tensor:
        """Return the feature representations (n, d)."""
        return self.feature_module(samples)

    def cluster_centers(self) -> Tensor:
        """Return the centroids (k, d)."""
        return self.centroids.values

    def why_not_ready(self) -> str | None:
        """Return the reason why samples cannot be assigned yet, or None."""
        if self.centroids.are_initialized:
            return None
        return "the centroids are not initialized yet (see use_centroids_during_phases)"

    def owned(self) -> nn.Module | None:
        """Return the statistics of the features, if they are standardized."""
        return self.feature_module.owned()

    def after_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Count iterations and epochs since the centroids were initialized."""
        if self.centroids.are_initialized:
            self.iterations += 1
            self.epochs += clock.epoch_ends

    def get_extra_state(self) -> dict[str, int]:
        """Return the iterations and epochs that the schedule has counted."""
        return {"iterations": self.iterations, "epochs": self.epochs}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Restore `get_extra_state`'s result."""
        self.iterations, self.epochs = state["iterations"], state["epochs"]
