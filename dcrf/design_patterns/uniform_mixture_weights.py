"""Preventing cluster degeneracy by making the weights of a mixture uniform."""

from torch import Tensor

from dcrf.assignment.mixture import Mixture
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.mixtures import distance_from_uniform_weights


class UniformMixtureWeights(DesignPattern):
    """The distance of the weights of a mixture from equal ones.

    Formula:
        L = 1/k sum_j (pi_j - 1/k)^2

    Losses:
        distance: the mean over components of the squared difference of the weight from 1 / k,
            >= 0. Gradient flows into the weights of the mixture if they are trainable.

    Shapes:
        weights (k,).

    Args:
        assignment: the mixture.

    Source: `reg_logits` of https://github.com/aciobanusebi/deep-clustering.
    """

    loss_names = ("distance",)

    def __init__(self, *, assignment: Mixture) -> None:
        super().__init__()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the distance of the weights from equal ones."""
        return {"distance": distance_from_uniform_weights(self.assignment.mixture.log_weights())}
