"""The annealing schedule of deep k-means."""

from dcrf.functional.assignments import annealed_inverse_temperature
from dcrf.schedules.base import Schedule


class DeepKMeansAnnealing(Schedule):
    """The inverse temperature of deep k-means, which grows by a factor that falls toward 1.

    Formula:
        alpha_(i+1) = 2^(1 / ln(i+1)^2) alpha_i, every annealing_iterations_per_value

    Args:
        annealing_initial_value: alpha_1, > 0.
        annealing_final_value: upper bound of alpha.
        annealing_iterations_per_value: iterations or epochs between two values, >= 1.
        unit: `iteration` or `epoch`.

    Source: Moradi Fard, Thonet, Gaussier, PRL 2020, https://arxiv.org/abs/1806.10069 (DKM-a).
    """

    def __init__(
        self,
        *,
        annealing_initial_value: float,
        annealing_final_value: float,
        annealing_iterations_per_value: int,
        unit: str,
    ) -> None:
        super().__init__(unit)
        self.initial, self.last = annealing_initial_value, annealing_final_value
        self.iterations_per_value = annealing_iterations_per_value

    @property
    def final(self) -> float:
        """The upper bound of alpha."""
        return self.last

    def after(self, done: int) -> float:
        """Return alpha after `done` iterations or epochs, from 0."""
        return annealed_inverse_temperature(
            self.initial, self.last, self.iterations_per_value, done
        )
