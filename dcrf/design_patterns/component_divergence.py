"""Preventing cluster degeneracy by maximizing the divergence between a mixture's components."""

from torch import Tensor

from dcrf.assignment.mixture import Mixture
from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.mixtures import normal_divergences


class ComponentDivergence(DesignPattern):
    """Minus the Kullback-Leibler divergences between the components of a normal mixture.

    As in the source, each pair counts once, as the divergence of the component with the smaller
    number from the other. With equal covariances both directions are equal.

    Formula:
        L = -sum_(i < j) KL(N(mu_i, S_i) || N(mu_j, S_j))

    Losses:
        negative_divergence: minus the sum over i < j of KL(N_i || N_j), <= 0, in nats; it falls
            without bound. Gradient flows into the trainable means and covariances.

    Shapes:
        means (k, d), factors of the covariances (k,), (k, d) or (k, d, d).

    Args:
        assignment: a mixture of normal distributions.

    Raises:
        ValueError: the components are not normal distributions.

    Source: `kl_loss` of https://github.com/aciobanusebi/deep-clustering.
    """

    loss_names = ("negative_divergence",)

    def __init__(self, *, assignment: Mixture) -> None:
        super().__init__()
        assignment.check_normal()
        self.assignment = assignment

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the negative divergence of the components."""
        mixture = self.assignment.mixture
        divergences = normal_divergences(mixture.means, mixture.factors())
        return {"negative_divergence": -divergences.triu(diagonal=1).sum()}
